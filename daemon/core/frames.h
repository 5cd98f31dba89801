/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/frames.h - ranges of 4 KiB frames, and bytes to frames and back.
 *
 * Units: mfn is a machine frame, off a frame counted from a pool's first, nr
 * a count of frames. Ranges are half open: [mfn, mfn + nr). Frame numbers are
 * below 2^52, so that a byte address always fits in 64 bits. A range that
 * passed frames_valid() cannot overflow in any function here.
 */
#ifndef NV_CORE_FRAMES_H
#define NV_CORE_FRAMES_H

#include "base/macros.h"

#define NV_PAGE_SHIFT 12
#define NV_PAGE_SIZE (1ULL << NV_PAGE_SHIFT)
#define NV_PAGE_MASK (NV_PAGE_SIZE - 1)

/* How many frames there can be: 2^64 bytes of them. */
#define NV_FRAMES_MAX (1ULL << 52)

/* The guest page sizes above 4 KiB, in frames. */
#define NV_2M_FRAMES (1ULL << 9)
#define NV_1G_FRAMES (1ULL << 18)

/* "No such frame", for frame numbers of either kind. */
#define NV_NO_FRAME (~0ULL)

struct frames {
	uint64_t mfn;
	uint64_t nr;
};

/** frames_valid() - not empty and inside the 2^52 frames? */
static inline bool frames_valid(uint64_t mfn, uint64_t nr)
{
	return nr && mfn < NV_FRAMES_MAX && nr <= NV_FRAMES_MAX - mfn;
}

static inline uint64_t frames_end(const struct frames *f)
{
	return f->mfn + f->nr;
}

static inline bool frames_overlap(uint64_t a, uint64_t a_nr, uint64_t b,
				  uint64_t b_nr)
{
	return a < b + b_nr && b < a + a_nr;
}

/** frames_contain() - is [b, b + b_nr) wholly in [a, a + a_nr)? */
static inline bool frames_contain(uint64_t a, uint64_t a_nr, uint64_t b,
				  uint64_t b_nr)
{
	return b >= a && b - a <= a_nr && b_nr <= a_nr - (b - a);
}

/** frames_common() - what two ranges share; nr 0 if nothing */
static inline struct frames frames_common(uint64_t a, uint64_t a_nr,
					  uint64_t b, uint64_t b_nr)
{
	uint64_t from = NV_MAX(a, b);
	uint64_t to = NV_MIN(a + a_nr, b + b_nr);

	return (struct frames){ from, to > from ? to - from : 0 };
}

static inline uint64_t frames_to_bytes(uint64_t nr)
{
	return nr << NV_PAGE_SHIFT;
}

/** frames_from_bytes() - rounds down */
static inline uint64_t frames_from_bytes(uint64_t bytes)
{
	return bytes >> NV_PAGE_SHIFT;
}

/**
 * frames_align_up() - the next multiple of @to, a power of two of frames
 * Cannot overflow for a frame number: those are below 2^52.
 */
static inline uint64_t frames_align_up(uint64_t f, uint64_t to)
{
	return (f + to - 1) & ~(to - 1);
}

#endif
