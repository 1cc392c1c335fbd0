/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Intrusive ordered trees with BSD's names: SPLAY_* and RB_*.
 *
 * An element carries its links in a member (SPLAY_ENTRY, RB_ENTRY); nothing is allocated. cmp(a, b)
 * is negative, 0 or positive as a comes before, with or behind b; no two elements of a tree compare
 * equal. name is the tag of the tree's struct (SPLAY_HEAD, RB_HEAD), type the tag of the element's
 * struct, field the member. A tree belongs to its owner: no macro locks. Elements may be removed
 * while *_FOREACH_SAFE stands on them, and with no other loop.
 */

#ifndef SPDK_TREE_H
#define SPDK_TREE_H

#include "spdk/stdinc.h"

/* ---- Splay trees ----
 *
 * What was looked for last is the root: what is used often is found at once, but every look writes.
 * A call costs O(log n) in the mean of many, and O(n) at worst.
 *
 *   SPLAY_INSERT(name, head, elm)  NULL, or the element with the same key that is there already
 *   SPLAY_REMOVE(name, head, elm)  elm, or NULL if no element compares equal to it
 *   SPLAY_FIND(name, head, elm)    the element that compares equal, or NULL
 *   SPLAY_NEXT(name, head, elm)    the one behind elm, or NULL
 *   SPLAY_MIN, SPLAY_MAX(name, head)  the first and the last, or NULL
 *
 * SPLAY_PROTOTYPE declares the functions behind these, SPLAY_GENERATE defines them. */

#define SPLAY_HEAD(name, type) \
	struct name { \
		struct type *sph_root; \
	}

#define SPLAY_ENTRY(type) \
	struct { \
		struct type *spe_left; \
		struct type *spe_right; \
	}

#define SPLAY_INITIALIZER(root) \
	{ \
		NULL \
	}
#define SPLAY_INIT(root) ((void)((root)->sph_root = NULL))

#define SPLAY_ROOT(head) ((head)->sph_root)
#define SPLAY_EMPTY(head) (SPLAY_ROOT(head) == NULL)
#define SPLAY_LEFT(elm, field) ((elm)->field.spe_left)
#define SPLAY_RIGHT(elm, field) ((elm)->field.spe_right)

/* tmp, the left (right) child of the root, becomes the root, and the root its right (left) child.
 */
#define SPLAY_ROTATE_RIGHT(head, tmp, field) \
	do { \
		SPLAY_LEFT(SPLAY_ROOT(head), field) = SPLAY_RIGHT(tmp, field); \
		SPLAY_RIGHT(tmp, field) = SPLAY_ROOT(head); \
		SPLAY_ROOT(head) = (tmp); \
	} while (0)

#define SPLAY_ROTATE_LEFT(head, tmp, field) \
	do { \
		SPLAY_RIGHT(SPLAY_ROOT(head), field) = SPLAY_LEFT(tmp, field); \
		SPLAY_LEFT(tmp, field) = SPLAY_ROOT(head); \
		SPLAY_ROOT(head) = (tmp); \
	} while (0)

/* The root, with all on its other side, is hung on the left (right) of tmp and is tmp from now on;
 * its left (right) child becomes the root. */
#define SPLAY_LINKLEFT(head, tmp, field) \
	do { \
		SPLAY_LEFT(tmp, field) = SPLAY_ROOT(head); \
		(tmp) = SPLAY_ROOT(head); \
		SPLAY_ROOT(head) = SPLAY_LEFT(tmp, field); \
	} while (0)

#define SPLAY_LINKRIGHT(head, tmp, field) \
	do { \
		SPLAY_RIGHT(tmp, field) = SPLAY_ROOT(head); \
		(tmp) = SPLAY_ROOT(head); \
		SPLAY_ROOT(head) = SPLAY_RIGHT(tmp, field); \
	} while (0)

/* node holds what was put aside, on its right all that comes before the root, on its left all that
 * comes behind; left and right are the ends where more can be hung on. */
#define SPLAY_ASSEMBLE(head, node, left, right, field) \
	do { \
		SPLAY_RIGHT(left, field) = SPLAY_LEFT(SPLAY_ROOT(head), field); \
		SPLAY_LEFT(right, field) = SPLAY_RIGHT(SPLAY_ROOT(head), field); \
		SPLAY_LEFT(SPLAY_ROOT(head), field) = SPLAY_RIGHT(node, field); \
		SPLAY_RIGHT(SPLAY_ROOT(head), field) = SPLAY_LEFT(node, field); \
	} while (0)

/* Walk down from the root towards what `order` asks for, an expression of `at` (negative: further
 * to the left), and make the last element on that way the root. The tree is not empty. */
#define BASALT_SPLAY_DESCEND(type, field, order) \
	do { \
		struct type aside, *less = &aside, *more = &aside, *at; \
		int want; \
\
		SPLAY_LEFT(&aside, field) = SPLAY_RIGHT(&aside, field) = NULL; \
		for (at = SPLAY_ROOT(head); (want = (order)) != 0;) { \
			at = want < 0 ? SPLAY_LEFT(at, field) : SPLAY_RIGHT(at, field); \
			if (at == NULL) { \
				break; \
			} \
			if (want < 0 && (order) < 0) { \
				SPLAY_ROTATE_RIGHT(head, at, field); \
			} else if (want > 0 && (order) > 0) { \
				SPLAY_ROTATE_LEFT(head, at, field); \
			} \
			if ((want < 0 ? SPLAY_LEFT(SPLAY_ROOT(head), field) \
			              : SPLAY_RIGHT(SPLAY_ROOT(head), field)) == NULL) { \
				break; \
			} \
			if (want < 0) { \
				SPLAY_LINKLEFT(head, more, field); \
			} else { \
				SPLAY_LINKRIGHT(head, less, field); \
			} \
			at = SPLAY_ROOT(head); \
		} \
		SPLAY_ASSEMBLE(head, &aside, less, more, field); \
	} while (0)

#define SPLAY_PROTOTYPE(name, type, field, cmp) \
	void name##_SPLAY(struct name *, struct type *); \
	struct type *name##_SPLAY_MINMAX(struct name *, int); \
	struct type *name##_SPLAY_INSERT(struct name *, struct type *); \
	struct type *name##_SPLAY_REMOVE(struct name *, struct type *); \
	struct type *name##_SPLAY_FIND(struct name *, struct type *); \
	struct type *name##_SPLAY_NEXT(struct name *, struct type *);

#define SPLAY_GENERATE(name, type, field, cmp) \
	void name##_SPLAY(struct name *head, struct type *elm) \
	{ \
		BASALT_SPLAY_DESCEND(type, field, (cmp)(elm, at)); \
	} \
\
	struct type *name##_SPLAY_MINMAX(struct name *head, int val) \
	{ \
		if (!SPLAY_EMPTY(head)) { \
			BASALT_SPLAY_DESCEND(type, field, val); \
		} \
		return SPLAY_ROOT(head); \
	} \
\
	struct type *name##_SPLAY_FIND(struct name *head, struct type *elm) \
	{ \
		if (SPLAY_EMPTY(head)) { \
			return NULL; \
		} \
		name##_SPLAY(head, elm); \
		return (cmp)(elm, SPLAY_ROOT(head)) == 0 ? SPLAY_ROOT(head) : NULL; \
	} \
\
	struct type *name##_SPLAY_NEXT(struct name *head, struct type *elm) \
	{ \
		struct type *next; \
\
		name##_SPLAY(head, elm); \
		next = SPLAY_RIGHT(elm, field); \
		while (next != NULL && SPLAY_LEFT(next, field) != NULL) { \
			next = SPLAY_LEFT(next, field); \
		} \
		return next; \
	} \
\
	struct type *name##_SPLAY_INSERT(struct name *head, struct type *elm) \
	{ \
		struct type *top; \
		int order; \
\
		SPLAY_LEFT(elm, field) = SPLAY_RIGHT(elm, field) = NULL; \
		if (!SPLAY_EMPTY(head)) { \
			name##_SPLAY(head, elm); \
			top = SPLAY_ROOT(head); \
			order = (cmp)(elm, top); \
			if (order == 0) { \
				return top; \
			} \
			if (order < 0) { \
				SPLAY_LEFT(elm, field) = SPLAY_LEFT(top, field); \
				SPLAY_LEFT(top, field) = NULL; \
				SPLAY_RIGHT(elm, field) = top; \
			} else { \
				SPLAY_RIGHT(elm, field) = SPLAY_RIGHT(top, field); \
				SPLAY_RIGHT(top, field) = NULL; \
				SPLAY_LEFT(elm, field) = top; \
			} \
		} \
		SPLAY_ROOT(head) = elm; \
		return NULL; \
	} \
\
	struct type *name##_SPLAY_REMOVE(struct name *head, struct type *elm) \
	{ \
		struct type *behind; \
\
		if (name##_SPLAY_FIND(head, elm) == NULL) { \
			return NULL; \
		} \
		behind = SPLAY_RIGHT(SPLAY_ROOT(head), field); \
		SPLAY_ROOT(head) = SPLAY_LEFT(SPLAY_ROOT(head), field); \
		if (SPLAY_EMPTY(head)) { \
			SPLAY_ROOT(head) = behind; \
		} else { \
			/* All that is left of it comes before elm: the last goes to the top. */ \
			name##_SPLAY_MINMAX(head, SPLAY_INF); \
			SPLAY_RIGHT(SPLAY_ROOT(head), field) = behind; \
		} \
		return elm; \
	}

#define SPLAY_NEGINF -1
#define SPLAY_INF 1

#define SPLAY_INSERT(name, x, y) name##_SPLAY_INSERT(x, y)
#define SPLAY_REMOVE(name, x, y) name##_SPLAY_REMOVE(x, y)
#define SPLAY_FIND(name, x, y) name##_SPLAY_FIND(x, y)
#define SPLAY_NEXT(name, x, y) name##_SPLAY_NEXT(x, y)
#define SPLAY_MIN(name, x) name##_SPLAY_MINMAX(x, SPLAY_NEGINF)
#define SPLAY_MAX(name, x) name##_SPLAY_MINMAX(x, SPLAY_INF)

#define SPLAY_FOREACH(x, name, head) \
	for ((x) = SPLAY_MIN(name, head); (x) != NULL; (x) = SPLAY_NEXT(name, head, x))

/* ---- Balanced trees ----
 *
 * Every call is O(log n); looking writes nothing. RB_NEXT and RB_PREV need no head.
 *
 *   RB_INSERT(name, head, elm)    NULL, or the element with the same key that is there already
 *   RB_REMOVE(name, head, elm)    elm, which is in the tree
 *   RB_REINSERT(name, head, elm)  after the key of elm changed: puts it where it belongs now. NULL,
 *                                 or the other element with its new key; then elm is out of the
 * tree RB_FIND(name, head, elm)      the element that compares equal, or NULL RB_NFIND(name, head,
 * elm)     the first that does not come before elm, or NULL RB_NEXT, RB_PREV(name, head, elm)  the
 * neighbours of elm, or NULL RB_MIN, RB_MAX(name, head)    the first and the last, or NULL
 *
 * RB_PROTOTYPE and RB_GENERATE declare and define all functions behind these, *_STATIC the same for
 * one file, and RB_PROTOTYPE_x and RB_GENERATE_x one of them: RB_INSERT needs INSERT and
 * INSERT_COLOR, RB_REMOVE needs REMOVE and REMOVE_COLOR, RB_REINSERT needs both, NEXT and PREV.
 *
 * RB_AUGMENT(x), a statement that derives from x and its children what x keeps of them (a sum, the
 * largest end of an interval), may be defined before this header is included or anew before
 * RB_GENERATE. It runs for each element below which something changed, and for its parent later.
 *
 * Inside: a weak AVL tree (Haeupler, Sen and Tarjan, "Rank-balanced trees", 2015). Each element has
 * a rank, no link (NULL) has rank -1, and an element without children has rank 0. A child lies one
 * or two ranks below its parent; the two low bits of the parent link say which of an element's own
 * two edges is long (red: two ranks). With only insertions the tree is an AVL tree, and it is never
 * higher than a red-black tree. At most two rotations a call. */

#define RB_HEAD(name, type) \
	struct name { \
		struct type *rbh_root; \
	}

#define RB_ENTRY(type) \
	struct { \
		struct type *rbe_child[2]; \
		union { \
			struct type *rbe_parent; \
			uintptr_t rbe_bits; \
		}; \
	}

#define RB_INITIALIZER(root) \
	{ \
		NULL \
	}
#define RB_INIT(root) ((void)((root)->rbh_root = NULL))

#define _RB_ROOT(head) ((head)->rbh_root)
#define RB_EMPTY(head) (_RB_ROOT(head) == NULL)

/* Side 0 is left, 1 is right. */
#define BASALT_RB_CHILD(elm, side, field) ((elm)->field.rbe_child[side])
#define RB_LEFT(elm, field) BASALT_RB_CHILD(elm, 0, field)
#define RB_RIGHT(elm, field) BASALT_RB_CHILD(elm, 1, field)

/* The parent link as it is stored, and the same as a number. */
#define RB_UP(elm, field) ((elm)->field.rbe_parent)
#define RB_BITS(elm, field) ((elm)->field.rbe_bits)

#define RB_RED_L ((uintptr_t)1)
#define RB_RED_R ((uintptr_t)2)
#define RB_RED_MASK ((uintptr_t)3)

#define BASALT_RB_RED(side) (RB_RED_L << (side))
#define BASALT_RB_FLIP(elm, side, field) (RB_BITS(elm, field) ^= BASALT_RB_RED(side))
#define BASALT_RB_IS_RED(elm, side, field) ((RB_BITS(elm, field) & BASALT_RB_RED(side)) != 0)
#define BASALT_RB_SET_RED(elm, red, field) \
	(RB_BITS(elm, field) = (RB_BITS(elm, field) & ~RB_RED_MASK) | (red))

#define RB_FLIP_LEFT(elm, field) BASALT_RB_FLIP(elm, 0, field)
#define RB_FLIP_RIGHT(elm, field) BASALT_RB_FLIP(elm, 1, field)
#define RB_RED_LEFT(elm, field) BASALT_RB_IS_RED(elm, 0, field)
#define RB_RED_RIGHT(elm, field) BASALT_RB_IS_RED(elm, 1, field)

#define RB_PARENT(elm, field) ((__typeof__(RB_UP(elm, field)))(RB_BITS(elm, field) & ~RB_RED_MASK))

/* The red bits of dst stay. */
#define RB_SET_PARENT(dst, src, field) \
	((void)(RB_BITS(dst, field) = (RB_BITS(dst, field) & RB_RED_MASK) | (uintptr_t)(src)))

/* elm becomes an element without children. */
#define RB_SET(elm, parent, field) \
	do { \
		RB_LEFT(elm, field) = RB_RIGHT(elm, field) = NULL; \
		RB_UP(elm, field) = (parent); \
	} while (0)

/* 1: the edge above elm is red. 0: it is not, or elm is the root. */
#define RB_COLOR(elm, field) \
	(RB_PARENT(elm, field) != NULL && \
	 BASALT_RB_IS_RED(RB_PARENT(elm, field), RB_RIGHT(RB_PARENT(elm, field), field) == (elm), \
	                  field))

/* in takes the place of out below the parent of out, or as the root. The parent of in is not set.
 */
#define RB_SWAP_CHILD(head, out, in, field) \
	do { \
		if (RB_PARENT(out, field) == NULL) { \
			_RB_ROOT(head) = (in); \
		} else if (RB_LEFT(RB_PARENT(out, field), field) == (out)) { \
			RB_LEFT(RB_PARENT(out, field), field) = (in); \
		} else { \
			RB_RIGHT(RB_PARENT(out, field), field) = (in); \
		} \
	} while (0)

#ifndef RB_AUGMENT
#define RB_AUGMENT(x)
#endif

/* Does RB_AUGMENT, as it is defined where this is used, expand to anything? */
#define BASALT_RB_TEXT_(...) #__VA_ARGS__
#define BASALT_RB_TEXT(...) BASALT_RB_TEXT_(__VA_ARGS__)
#define BASALT_RB_AUGMENTED (sizeof(BASALT_RB_TEXT(RB_AUGMENT(x))) > 1)

/* From elm, which is used up, to the root. */
#define BASALT_RB_AUGMENT_UP(elm, field) \
	do { \
		for (; BASALT_RB_AUGMENTED && (elm) != NULL; (elm) = RB_PARENT(elm, field)) { \
			RB_AUGMENT(elm); \
		} \
	} while (0)

/* elm becomes the child on that side of tmp, which is set to what was its child on the other side.
 * The red bits are not touched. */
#define BASALT_RB_ROTATE(head, elm, tmp, side, field) \
	do { \
		(tmp) = BASALT_RB_CHILD(elm, !(side), field); \
		BASALT_RB_CHILD(elm, !(side), field) = BASALT_RB_CHILD(tmp, side, field); \
		if (BASALT_RB_CHILD(tmp, side, field) != NULL) { \
			RB_SET_PARENT(BASALT_RB_CHILD(tmp, side, field), elm, field); \
		} \
		RB_SWAP_CHILD(head, elm, tmp, field); \
		RB_SET_PARENT(tmp, RB_PARENT(elm, field), field); \
		BASALT_RB_CHILD(tmp, side, field) = (elm); \
		RB_SET_PARENT(elm, tmp, field); \
		RB_AUGMENT(elm); \
		RB_AUGMENT(tmp); \
	} while (0)

#define RB_ROTATE_LEFT(head, elm, tmp, field) BASALT_RB_ROTATE(head, elm, tmp, 0, field)
#define RB_ROTATE_RIGHT(head, elm, tmp, field) BASALT_RB_ROTATE(head, elm, tmp, 1, field)

#define RB_PROTOTYPE(name, type, field, cmp) RB_PROTOTYPE_INTERNAL(name, type, field, cmp, )
#define RB_PROTOTYPE_STATIC(name, type, field, cmp) \
	RB_PROTOTYPE_INTERNAL(name, type, field, cmp, __attribute__((unused)) static)
#define RB_PROTOTYPE_INTERNAL(name, type, field, cmp, attr) \
	RB_PROTOTYPE_INSERT_COLOR(name, type, attr); \
	RB_PROTOTYPE_REMOVE_COLOR(name, type, attr); \
	RB_PROTOTYPE_INSERT(name, type, attr); \
	RB_PROTOTYPE_REMOVE(name, type, attr); \
	RB_PROTOTYPE_FIND(name, type, attr); \
	RB_PROTOTYPE_NFIND(name, type, attr); \
	RB_PROTOTYPE_NEXT(name, type, attr); \
	RB_PROTOTYPE_PREV(name, type, attr); \
	RB_PROTOTYPE_MINMAX(name, type, attr); \
	RB_PROTOTYPE_REINSERT(name, type, attr);

#define RB_PROTOTYPE_INSERT_COLOR(name, type, attr) \
	attr void name##_RB_INSERT_COLOR(struct name *, struct type *)
#define RB_PROTOTYPE_REMOVE_COLOR(name, type, attr) \
	attr void name##_RB_REMOVE_COLOR(struct name *, struct type *, struct type *)
#define RB_PROTOTYPE_INSERT(name, type, attr) \
	attr struct type *name##_RB_INSERT(struct name *, struct type *)
#define RB_PROTOTYPE_REMOVE(name, type, attr) \
	attr struct type *name##_RB_REMOVE(struct name *, struct type *)
#define RB_PROTOTYPE_FIND(name, type, attr) \
	attr struct type *name##_RB_FIND(struct name *, struct type *)
#define RB_PROTOTYPE_NFIND(name, type, attr) \
	attr struct type *name##_RB_NFIND(struct name *, struct type *)
#define RB_PROTOTYPE_NEXT(name, type, attr) attr struct type *name##_RB_NEXT(struct type *)
#define RB_PROTOTYPE_PREV(name, type, attr) attr struct type *name##_RB_PREV(struct type *)
#define RB_PROTOTYPE_MINMAX(name, type, attr) attr struct type *name##_RB_MINMAX(struct name *, int)
#define RB_PROTOTYPE_REINSERT(name, type, attr) \
	attr struct type *name##_RB_REINSERT(struct name *, struct type *)

#define RB_GENERATE(name, type, field, cmp) RB_GENERATE_INTERNAL(name, type, field, cmp, )
#define RB_GENERATE_STATIC(name, type, field, cmp) \
	RB_GENERATE_INTERNAL(name, type, field, cmp, __attribute__((unused)) static)
#define RB_GENERATE_INTERNAL(name, type, field, cmp, attr) \
	RB_GENERATE_INSERT_COLOR(name, type, field, attr) \
	RB_GENERATE_REMOVE_COLOR(name, type, field, attr) \
	RB_GENERATE_INSERT(name, type, field, cmp, attr) \
	RB_GENERATE_REMOVE(name, type, field, attr) \
	RB_GENERATE_FIND(name, type, field, cmp, attr) \
	RB_GENERATE_NFIND(name, type, field, cmp, attr) \
	RB_GENERATE_NEXT(name, type, field, attr) \
	RB_GENERATE_PREV(name, type, field, attr) \
	RB_GENERATE_MINMAX(name, type, field, attr) \
	RB_GENERATE_REINSERT(name, type, field, cmp, attr)

/* The rank of elm has risen by one: mend the edge above it. elm either is new and has no children,
 * or has just been promoted, and then exactly one of its edges is red. */
#define RB_GENERATE_INSERT_COLOR(name, type, field, attr) \
	attr void name##_RB_INSERT_COLOR(struct name *head, struct type *elm) \
	{ \
		struct type *up, *top; \
		uintptr_t red; \
		int side; \
\
		for (up = RB_PARENT(elm, field); up != NULL; up = RB_PARENT(elm, field)) { \
			side = RB_RIGHT(up, field) == elm; \
			if (BASALT_RB_IS_RED(up, side, field)) { \
				BASALT_RB_FLIP(up, side, field); /* there was room */ \
				return; \
			} \
			BASALT_RB_FLIP(up, !side, field); \
			if (BASALT_RB_IS_RED(up, !side, field)) { \
				elm = up; /* promoted in turn */ \
				continue; \
			} \
			/* elm is as high as up now, and two above its sibling. */ \
			if (!BASALT_RB_IS_RED(elm, !side, field)) { \
				BASALT_RB_ROTATE(head, elm, top, side, field); \
				red = RB_BITS(top, field); \
				BASALT_RB_SET_RED(elm, \
				                  (red & BASALT_RB_RED(side)) != 0 \
				                          ? BASALT_RB_RED(!side) \
				                          : 0, \
				                  field); \
				BASALT_RB_SET_RED(up, \
				                  (red & BASALT_RB_RED(!side)) != 0 \
				                          ? BASALT_RB_RED(side) \
				                          : 0, \
				                  field); \
			} \
			BASALT_RB_ROTATE(head, up, top, !side, field); \
			BASALT_RB_SET_RED(top, 0, field); \
			return; \
		} \
	}

/* The rank of elm, a child of up or NULL, has fallen by one: mend the edge above it. */
#define RB_GENERATE_REMOVE_COLOR(name, type, field, attr) \
	attr void name##_RB_REMOVE_COLOR(struct name *head, struct type *up, struct type *elm) \
	{ \
		struct type *sibling, *top; \
		uintptr_t red; \
		int side; \
\
		if (RB_LEFT(up, field) == NULL && RB_RIGHT(up, field) == NULL) { \
			BASALT_RB_SET_RED(up, 0, field); /* without children: its rank is 0 */ \
			elm = up; \
			up = RB_PARENT(elm, field); \
		} \
		for (; up != NULL; elm = up, up = RB_PARENT(elm, field)) { \
			side = RB_RIGHT(up, field) == elm; \
			if (!BASALT_RB_IS_RED(up, side, field)) { \
				BASALT_RB_FLIP(up, side, field); \
				return; \
			} \
			/* elm is three below up. Lower up, if its other child lets it. */ \
			if (BASALT_RB_IS_RED(up, !side, field)) { \
				BASALT_RB_FLIP(up, !side, field); \
				continue; \
			} \
			sibling = BASALT_RB_CHILD(up, !side, field); \
			red = RB_BITS(sibling, field) & RB_RED_MASK; \
			if (red == RB_RED_MASK) { \
				BASALT_RB_SET_RED(sibling, 0, field); \
				continue; \
			} \
			if (red != BASALT_RB_RED(!side)) { \
				BASALT_RB_ROTATE(head, up, top, side, field); \
				BASALT_RB_SET_RED(top, BASALT_RB_RED(!side), field); \
				if (red != 0) { \
					BASALT_RB_FLIP(up, !side, field); \
				} \
				if (RB_LEFT(up, field) == NULL && RB_RIGHT(up, field) == NULL) { \
					BASALT_RB_SET_RED(up, 0, field); \
					BASALT_RB_SET_RED(top, RB_RED_MASK, field); \
				} \
				return; \
			} \
			BASALT_RB_ROTATE(head, sibling, top, !side, field); \
			red = RB_BITS(top, field); \
			BASALT_RB_ROTATE(head, up, top, side, field); \
			BASALT_RB_SET_RED(sibling, \
			                  (red & BASALT_RB_RED(!side)) != 0 ? BASALT_RB_RED(side) \
			                                                    : 0, \
			                  field); \
			BASALT_RB_SET_RED( \
			        up, (red & BASALT_RB_RED(side)) != 0 ? BASALT_RB_RED(!side) : 0, \
			        field); \
			BASALT_RB_SET_RED(top, RB_RED_MASK, field); \
			return; \
		} \
	}

#define RB_GENERATE_INSERT(name, type, field, cmp, attr) \
	attr struct type *name##_RB_INSERT(struct name *head, struct type *elm) \
	{ \
		struct type *up = NULL, **link = &_RB_ROOT(head); \
		int order; \
\
		while (*link != NULL) { \
			up = *link; \
			order = (cmp)(elm, up); \
			if (order == 0) { \
				return up; \
			} \
			link = &BASALT_RB_CHILD(up, order > 0, field); \
		} \
		RB_SET(elm, up, field); \
		*link = elm; \
		name##_RB_INSERT_COLOR(head, elm); \
		BASALT_RB_AUGMENT_UP(elm, field); \
		return NULL; \
	}

/* An element with two children changes places with the one behind it, which has at most one. */
#define RB_GENERATE_REMOVE(name, type, field, attr) \
	attr struct type *name##_RB_REMOVE(struct name *head, struct type *elm) \
	{ \
		struct type *up = RB_PARENT(elm, field), *next = RB_RIGHT(elm, field), *child; \
\
		if (RB_LEFT(elm, field) == NULL || next == NULL) { \
			child = next != NULL ? next : RB_LEFT(elm, field); \
			RB_SWAP_CHILD(head, elm, child, field); \
		} else { \
			while (RB_LEFT(next, field) != NULL) { \
				next = RB_LEFT(next, field); \
			} \
			child = RB_RIGHT(next, field); \
			up = RB_PARENT(next, field); \
			if (up == elm) { \
				up = next; \
			} else { \
				RB_LEFT(up, field) = child; \
				RB_RIGHT(next, field) = RB_RIGHT(elm, field); \
				RB_SET_PARENT(RB_RIGHT(elm, field), next, field); \
			} \
			RB_SWAP_CHILD(head, elm, next, field); \
			RB_LEFT(next, field) = RB_LEFT(elm, field); \
			RB_SET_PARENT(RB_LEFT(elm, field), next, field); \
			RB_BITS(next, field) = RB_BITS(elm, field); \
		} \
		if (child != NULL) { \
			RB_SET_PARENT(child, up, field); \
		} \
		if (up != NULL) { \
			name##_RB_REMOVE_COLOR(head, up, child); \
		} \
		BASALT_RB_AUGMENT_UP(up, field); \
		return elm; \
	}

#define RB_GENERATE_FIND(name, type, field, cmp, attr) \
	attr struct type *name##_RB_FIND(struct name *head, struct type *elm) \
	{ \
		struct type *at = _RB_ROOT(head); \
		int order; \
\
		while (at != NULL && (order = (cmp)(elm, at)) != 0) { \
			at = BASALT_RB_CHILD(at, order > 0, field); \
		} \
		return at; \
	}

#define RB_GENERATE_NFIND(name, type, field, cmp, attr) \
	attr struct type *name##_RB_NFIND(struct name *head, struct type *elm) \
	{ \
		struct type *at = _RB_ROOT(head), *best = NULL; \
		int order; \
\
		while (at != NULL && (order = (cmp)(elm, at)) != 0) { \
			best = order < 0 ? at : best; \
			at = BASALT_RB_CHILD(at, order > 0, field); \
		} \
		return at != NULL ? at : best; \
	}

/* The neighbour of elm on that side: the nearest below, or the first above that elm is not on that
 * side of. */
#define BASALT_RB_STEP(type, field, side) \
	do { \
		struct type *at = BASALT_RB_CHILD(elm, side, field); \
\
		if (at != NULL) { \
			while (BASALT_RB_CHILD(at, !(side), field) != NULL) { \
				at = BASALT_RB_CHILD(at, !(side), field); \
			} \
			return at; \
		} \
		while ((at = RB_PARENT(elm, field)) != NULL && \
		       BASALT_RB_CHILD(at, side, field) == elm) { \
			elm = at; \
		} \
		return at; \
	} while (0)

#define RB_GENERATE_NEXT(name, type, field, attr) \
	attr struct type *name##_RB_NEXT(struct type *elm) \
	{ \
		BASALT_RB_STEP(type, field, 1); \
	}

#define RB_GENERATE_PREV(name, type, field, attr) \
	attr struct type *name##_RB_PREV(struct type *elm) \
	{ \
		BASALT_RB_STEP(type, field, 0); \
	}

#define RB_GENERATE_MINMAX(name, type, field, attr) \
	attr struct type *name##_RB_MINMAX(struct name *head, int val) \
	{ \
		struct type *at = _RB_ROOT(head); \
\
		while (at != NULL && BASALT_RB_CHILD(at, val > 0, field) != NULL) { \
			at = BASALT_RB_CHILD(at, val > 0, field); \
		} \
		return at; \
	}

#define RB_GENERATE_REINSERT(name, type, field, cmp, attr) \
	attr struct type *name##_RB_REINSERT(struct name *head, struct type *elm) \
	{ \
		struct type *before = name##_RB_PREV(elm), *behind = name##_RB_NEXT(elm); \
\
		if ((before == NULL || (cmp)(before, elm) < 0) && \
		    (behind == NULL || (cmp)(elm, behind) < 0)) { \
			BASALT_RB_AUGMENT_UP(elm, field); \
			return NULL; \
		} \
		name##_RB_REMOVE(head, elm); \
		return name##_RB_INSERT(head, elm); \
	}

#define RB_NEGINF -1
#define RB_INF 1

#define RB_INSERT(name, x, y) name##_RB_INSERT(x, y)
#define RB_REMOVE(name, x, y) name##_RB_REMOVE(x, y)
#define RB_FIND(name, x, y) name##_RB_FIND(x, y)
#define RB_NFIND(name, x, y) name##_RB_NFIND(x, y)
#define RB_NEXT(name, x, y) name##_RB_NEXT(y)
#define RB_PREV(name, x, y) name##_RB_PREV(y)
#define RB_MIN(name, x) name##_RB_MINMAX(x, RB_NEGINF)
#define RB_MAX(name, x) name##_RB_MINMAX(x, RB_INF)
#define RB_REINSERT(name, x, y) name##_RB_REINSERT(x, y)

/* x stands on one element after another; *_FROM begins at y, or not at all if it is NULL. With
 * *_SAFE and *_FROM, y holds the next one, and x may be removed and freed. */
#define RB_FOREACH(x, name, head) \
	for ((x) = RB_MIN(name, head); (x) != NULL; (x) = name##_RB_NEXT(x))
#define RB_FOREACH_FROM(x, name, y) \
	for ((x) = (y); (x) != NULL && ((y) = name##_RB_NEXT(x), 1); (x) = (y))
#define RB_FOREACH_SAFE(x, name, head, y) \
	for ((x) = RB_MIN(name, head); (x) != NULL && ((y) = name##_RB_NEXT(x), 1); (x) = (y))
#define RB_FOREACH_REVERSE(x, name, head) \
	for ((x) = RB_MAX(name, head); (x) != NULL; (x) = name##_RB_PREV(x))
#define RB_FOREACH_REVERSE_FROM(x, name, y) \
	for ((x) = (y); (x) != NULL && ((y) = name##_RB_PREV(x), 1); (x) = (y))
#define RB_FOREACH_REVERSE_SAFE(x, name, head, y) \
	for ((x) = RB_MAX(name, head); (x) != NULL && ((y) = name##_RB_PREV(x), 1); (x) = (y))

#endif /* SPDK_TREE_H */
