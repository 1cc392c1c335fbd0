/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Numbers as integers. 10, 10.0 and 1e1 are the same whole number; a fraction or a number outside
 * the C type is -ERANGE. The digits are read into a 64-bit value and a power of ten, both checked,
 * so that no exponent can run away. Any thread; pure. */

#include "json_internal.h"

/* Above this an exponent can only mean 0 or out of range: a number has at most 4 Gi digits. */
#define EXPONENT_MAX INT64_C(10000000000)

struct decimal {
	bool negative;
	bool overflow;    /* more than 64 bits */
	uint64_t digits;  /* without trailing zeros */
	int64_t exponent; /* of ten */
};

/* One more significant digit; zeros wait in `zeros` until another digit follows. */
static void
push_digit(struct decimal *d, uint64_t *zeros, uint8_t digit)
{
	if (digit == 0) {
		(*zeros)++;
		return;
	}
	for (; d->digits != 0 && *zeros > 0 && !d->overflow; (*zeros)--) {
		d->overflow = __builtin_mul_overflow(d->digits, UINT64_C(10), &d->digits);
	}
	*zeros = 0;
	d->overflow |= __builtin_mul_overflow(d->digits, UINT64_C(10), &d->digits);
	d->overflow |= __builtin_add_overflow(d->digits, (uint64_t)digit, &d->digits);
}

static int64_t
read_exponent(const char *p, const char *end)
{
	int64_t value = 0;
	bool negative = false;

	if (p < end && (*p == '+' || *p == '-')) {
		negative = *p == '-';
		p++;
	}
	for (; p < end; p++) {
		if (value < EXPONENT_MAX) {
			value = value * 10 + (*p - '0');
		}
	}
	return negative ? -value : value;
}

/* The parser has checked the form. */
static void
read_decimal(const struct spdk_json_val *val, struct decimal *d)
{
	const char *p = val->start, *end = p + val->len;
	uint64_t zeros = 0;
	bool fraction = false;

	memset(d, 0, sizeof(*d));
	for (; p < end; p++) {
		if (*p == '-') {
			d->negative = true;
		} else if (*p == '.') {
			fraction = true;
		} else if (*p == 'e' || *p == 'E') {
			d->exponent += read_exponent(p + 1, end);
			break;
		} else {
			d->exponent -= fraction ? 1 : 0;
			push_digit(d, &zeros, (uint8_t)(*p - '0'));
		}
	}
	d->exponent += (int64_t)zeros;
}

static int
to_magnitude(const struct spdk_json_val *val, bool *negative, uint64_t *num)
{
	struct decimal d;

	if (val == NULL || val->type != SPDK_JSON_VAL_NUMBER) {
		return -EINVAL;
	}
	read_decimal(val, &d);
	*negative = d.negative;
	*num = d.digits;
	if (d.digits == 0 && !d.overflow) {
		*negative = false;
		return 0;
	}
	if (d.overflow || d.exponent < 0) {
		return -ERANGE;
	}
	for (; d.exponent > 0; d.exponent--) {
		if (__builtin_mul_overflow(*num, UINT64_C(10), num)) {
			return -ERANGE;
		}
	}
	return 0;
}

static int
to_unsigned(const struct spdk_json_val *val, uint64_t max, uint64_t *num)
{
	bool negative;
	uint64_t value;
	int rc;

	rc = to_magnitude(val, &negative, &value);
	if (rc != 0) {
		return rc;
	}
	if (negative || value > max) {
		return -ERANGE;
	}
	*num = value;
	return 0;
}

#define TO_UINT(bits) \
	int spdk_json_number_to_uint##bits(const struct spdk_json_val *val, uint##bits##_t *num) \
	{ \
		uint64_t value = 0; \
		int rc = to_unsigned(val, UINT##bits##_MAX, &value); \
\
		if (rc == 0) { \
			*num = (uint##bits##_t)value; \
		} \
		return rc; \
	}

TO_UINT(8)
TO_UINT(16)
TO_UINT(32)

int
spdk_json_number_to_uint64(const struct spdk_json_val *val, uint64_t *num)
{
	return to_unsigned(val, UINT64_MAX, num);
}

int
spdk_json_number_to_int32(const struct spdk_json_val *val, int32_t *num)
{
	bool negative;
	uint64_t value;
	int rc;

	rc = to_magnitude(val, &negative, &value);
	if (rc != 0) {
		return rc;
	}
	if (value > (negative ? (uint64_t)INT32_MAX + 1 : (uint64_t)INT32_MAX)) {
		return -ERANGE;
	}
	*num = (int32_t)(negative ? -(int64_t)value : (int64_t)value);
	return 0;
}
