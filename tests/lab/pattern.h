/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lab/pattern.h - the bytes that the guest and Dom0 both know how to expect.
 *
 * Offsets are bytes from the start of the volume, a multiple of 8, so the
 * same pattern is found whether it is read at a GPA or at a place of a pool.
 */
#ifndef LAB_PATTERN_H
#define LAB_PATTERN_H

#include <stdint.h>

/**
 * pattern_word() - the word at @offset of the pattern @seed
 *
 * splitmix64 of the word's index; seed 0 is all zeroes, so "is it zeroed?" is
 * the same question as "is it mine?".
 */
static inline uint64_t pattern_word(uint64_t seed, uint64_t offset)
{
	uint64_t z;

	if (!seed)
		return 0;
	z = seed + (offset / 8 + 1) * 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/** pattern_sum() - fold @word into the running checksum @sum (begin with 0) */
static inline uint64_t pattern_sum(uint64_t sum, uint64_t word)
{
	return (sum ^ word) * 0x100000001b3ull + 1;
}

#endif
