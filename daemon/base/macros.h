/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/macros.h - the few macros that every room uses.
 */
#ifndef NV_BASE_MACROS_H
#define NV_BASE_MACROS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define NV_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define NV_MIN(a, b)                       \
	({                                 \
		__typeof__(a) nv_a_ = (a); \
		__typeof__(b) nv_b_ = (b); \
		nv_a_ < nv_b_ ? nv_a_ : nv_b_; \
	})
#define NV_MAX(a, b)                       \
	({                                 \
		__typeof__(a) nv_a_ = (a); \
		__typeof__(b) nv_b_ = (b); \
		nv_a_ > nv_b_ ? nv_a_ : nv_b_; \
	})

#define nv_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define nv_must_check __attribute__((warn_unused_result))
#define nv_printf(fmt, args) __attribute__((format(printf, fmt, args)))

/* Runs @fn(&variable) when the variable goes out of scope. */
#define nv_cleanup(fn) __attribute__((cleanup(fn)))

/* Takes the value out of an owner, which is left empty. */
#define nv_steal(pp)                              \
	({                                        \
		__typeof__(pp) nv_pp_ = (pp);     \
		__typeof__(*nv_pp_) nv_p_ = *nv_pp_; \
		*nv_pp_ = NULL;                   \
		nv_p_;                            \
	})

/* Cleanup functions for plain memory and descriptors. */
static inline void nv_freep(void *pp)
{
	void **p = pp;

	free(*p);
	*p = NULL;
}

static inline void nv_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* @to must be a power of two. */
static inline bool nv_is_aligned(uint64_t x, uint64_t to)
{
	return (x & (to - 1)) == 0;
}

static inline uint64_t nv_align_down(uint64_t x, uint64_t to)
{
	return x & ~(to - 1);
}

#endif
