/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.c - a fuzz target's corpus, once through, without libFuzzer.
 *
 * Reads the files of $srcdir/tests/fuzz/corpus/FUZZ_CORPUS, or the files
 * named on the command line. Fails if there are none: an empty corpus would
 * pass whatever the code does.
 */
#include "base/macros.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define INPUT_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* A copy of exactly the right size, so that ASan sees the first byte beyond. */
static int replay_bytes(const uint8_t *bytes, size_t size)
{
	nv_cleanup(nv_freep) uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	return 0;
}

static int replay_file(const char *path)
{
	nv_cleanup(nv_freep) uint8_t *bytes = malloc(INPUT_MAX);
	nv_cleanup(fclosep) FILE *f = fopen(path, "re");
	size_t n;

	if (!bytes || !f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -errno;
	}
	n = fread(bytes, 1, INPUT_MAX, f);
	return replay_bytes(bytes, n);
}

static int replay_corpus(const char *dir, unsigned int *files)
{
	nv_cleanup(closedirp) DIR *d = opendir(dir);
	char path[4096 + 256 + 1];
	struct dirent *e;
	int r;

	if (!d) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		return -errno;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		r = replay_file(path);
		if (r)
			return r;
		(*files)++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	unsigned int files = 0;
	char dir[4096];
	int i, r = 0;

	for (i = 1; i < argc && !r; i++, files++)
		r = replay_file(argv[i]);
	if (argc == 1) {
		snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s",
			 srcdir ? srcdir : ".", FUZZ_CORPUS);
		r = replay_corpus(dir, &files);
	}
	if (!r)
		r = replay_bytes((const uint8_t *)"", 0);
	printf("%u inputs replayed\n", files);
	return r || !files ? EXIT_FAILURE : EXIT_SUCCESS;
}
