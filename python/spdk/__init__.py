# SPDX-License-Identifier: BSD-3-Clause
"""Basalt's Python package; the import names are SPDK's."""
