/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dom0/pattern.c - the guest's pattern, seen from Dom0's side of the memory. */
#include "labtool.h"

#include "../pattern.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1u << 20)

/* O_DIRECT: the page cache of a block device outlives a guest's stores. */
static int open_direct(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);

	return fd < 0 ? open(path, flags | O_CLOEXEC) : fd;
}

static uint64_t *chunk_new(void)
{
	void *p = aligned_alloc(4096, CHUNK);

	if (!p)
		abort();
	return p;
}

int do_fill(int argc, char **argv)
{
	uint64_t offset = number(argv[1]), size = number(argv[2]), seed = number(argv[3]);
	uint64_t *chunk = chunk_new(), at, i;
	int fd = open_direct(argv[0], O_WRONLY);

	if (fd < 0)
		return failed(argv[0]);
	for (at = 0; at < size; at += CHUNK) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		for (i = 0; i < n / 8; i++)
			chunk[i] = pattern_word(seed, at + i * 8);
		if (pwrite(fd, chunk, n, (off_t)(offset + at)) != (ssize_t)n)
			return failed("write");
	}
	return fsync(fd) ? failed("fsync") : 0;
}

/* Call @see for every word of the range; false from it counts as bad. */
static int walk(char **argv, bool (*see)(uint64_t word, uint64_t at, uint64_t *state),
		uint64_t *state)
{
	uint64_t offset = number(argv[1]), size = number(argv[2]);
	uint64_t *chunk = chunk_new(), at, i, bad = 0;
	int fd = open_direct(argv[0], O_RDONLY);

	if (fd < 0)
		return failed(argv[0]);
	for (at = 0; at < size; at += CHUNK) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (pread(fd, chunk, n, (off_t)(offset + at)) != (ssize_t)n)
			return failed("read");
		for (i = 0; i < n / 8; i++)
			if (!see(chunk[i], at + i * 8, state) && !bad++)
				printf("first=%#lx got=%#lx\n", at + i * 8, chunk[i]);
	}
	if (bad)
		printf("bad=%lu\n", bad);
	return bad != 0;
}

static bool see_pattern(uint64_t word, uint64_t at, uint64_t *seed)
{
	return word == pattern_word(*seed, at);
}

static bool see_sum(uint64_t word, uint64_t at, uint64_t *sum)
{
	*sum = pattern_sum(*sum, word);
	return true;
}

int do_verify(int argc, char **argv)
{
	uint64_t seed = number(argv[3]);

	return walk(argv, see_pattern, &seed);
}

int do_sum(int argc, char **argv)
{
	uint64_t sum = 0;
	int r = walk(argv, see_sum, &sum);

	if (!r)
		printf("sum=%#lx\n", sum);
	return r;
}
