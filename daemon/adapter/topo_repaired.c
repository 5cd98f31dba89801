/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_repaired.c - the file beside a topology file.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "adapter/topo_repaired.h"

static void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static int name_of(const char *path, char *buf, size_t len)
{
	return snprintf(buf, len, "%s.repaired", path) < (int)len ?
	               0 :
	               -ENAMETOOLONG;
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* Does the file @name still speak of the host that @path describes? */
static bool is_current(const char *path, const char *name)
{
	struct stat host, repaired;

	return !stat(path, &host) && !stat(name, &repaired) &&
	       !is_older(&repaired.st_mtim, &host.st_mtim);
}

/* A namespace that is gone takes its repairs with it. */
static int apply(struct topo *t, const struct nv_uuid *id, uint64_t offset,
                 uint64_t nr)
{
	struct topo_place place;
	struct topo_region *r;

	if (!topo_find_id(t, id, &place) || offset > place.ns->size ||
	    nr > (place.ns->size - offset) / TOPO_FRAME)
		return 0;
	r = &t->regions[place.region - t->regions];
	return topo_remove_bad(r, place.ns->spa - r->spa + offset, nr);
}

int topo_repaired_apply(const char *path, struct topo *t)
{
	nv_cleanup(fclosep) FILE *f = NULL;
	char name[PATH_MAX], line[128], text[NV_UUID_TEXT];
	uint64_t offset, nr;
	struct nv_uuid id;
	int r;

	r = name_of(path, name, sizeof(name));
	if (r || !is_current(path, name))
		return r;
	f = fopen(name, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%36s %" SCNu64 " %" SCNu64, text, &offset,
		           &nr) != 3 ||
		    nv_uuid_parse(text, &id) ||
		    !nv_is_aligned(offset, TOPO_FRAME))
			return -EBADMSG;
		r = apply(t, &id, offset, nr);
		if (r)
			return r;
	}
	return 0;
}

int topo_repaired_add(const char *path, const struct nv_uuid *id,
                      uint64_t offset, uint64_t nr)
{
	nv_cleanup(fclosep) FILE *f = NULL;
	char name[PATH_MAX], text[NV_UUID_TEXT];
	int r;

	r = name_of(path, name, sizeof(name));
	if (r)
		return r;
	f = fopen(name, is_current(path, name) ? "ae" : "we");
	if (!f)
		return -errno;
	if (fprintf(f, "%s %" PRIu64 " %" PRIu64 "\n", nv_uuid_print(id, text),
	            offset, nr) < 0 ||
	    fflush(f) || fsync(fileno(f)))
		return -errno;
	return 0;
}
