/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pmem.c - regions backed by sparse files, and their poison.
 */
#define _GNU_SOURCE
#include "pmem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FRAME 4096u

/* The poison file is one bit per frame, mapped when the first is set. */
struct pmem_region {
	char *name;
	uint64_t spa;
	uint64_t size;
	bool read_only;
	int fd;
	int poison_fd;
	uint8_t *poison; /* NULL: none */
	uint64_t nr_poison;
};

struct pmem {
	int dir; /* -1: none */
	struct pmem_region *regions; /* by spa */
	size_t nr;
};

static void region_deinit(struct pmem_region *r)
{
	if (r->poison)
		munmap(r->poison, r->size / FRAME / 8 + 1);
	nv_closep(&r->fd);
	nv_closep(&r->poison_fd);
	free(r->name);
}

int pmem_open(const char *dir, struct pmem **ret)
{
	struct pmem *p;
	int r;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->dir = -1;
	if (dir) {
		if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
			r = -errno;
			free(p);
			return r;
		}
		p->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (p->dir < 0) {
			r = -errno;
			free(p);
			return r;
		}
	}
	*ret = p;
	return 0;
}

struct pmem *pmem_close(struct pmem *p)
{
	size_t i;

	if (!p)
		return NULL;
	for (i = 0; i < p->nr; i++)
		region_deinit(&p->regions[i]);
	free(p->regions);
	nv_closep(&p->dir);
	free(p);
	return NULL;
}

/* Return: the descriptor of a sparse file of at least @size bytes, or -errno. */
static int file_open(const struct pmem *p, const char *name,
		     const char *suffix, uint64_t size, bool *ret_fresh)
{
	nv_cleanup(nv_closep) int fd = -1;
	char path[256];
	struct stat st;
	int r;

	r = snprintf(path, sizeof(path), "%s.%s", name, suffix);
	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	if (p->dir < 0)
		fd = memfd_create(path, MFD_CLOEXEC);
	else
		fd = openat(p->dir, path,
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < size && ftruncate(fd, (off_t)size) < 0)
		return -errno;
	*ret_fresh = !st.st_size;
	r = fd;
	fd = -1;
	return r;
}

static int poison_map(struct pmem_region *r)
{
	void *m;

	if (r->poison)
		return 0;
	m = mmap(NULL, r->size / FRAME / 8 + 1, PROT_READ | PROT_WRITE,
		 MAP_SHARED, r->poison_fd, 0);
	if (m == MAP_FAILED)
		return -errno;
	r->poison = m;
	return 0;
}

static bool poison_get(const struct pmem_region *r, uint64_t frame)
{
	return r->poison && (r->poison[frame / 8] >> (frame % 8)) & 1;
}

/* Count what an earlier host left, reading only what the file really has. */
static int poison_load(struct pmem_region *r)
{
	off_t at = lseek(r->poison_fd, 0, SEEK_DATA);
	uint64_t bytes = r->size / FRAME / 8 + 1, i;
	int e;

	if (at < 0)
		return errno == ENXIO ? 0 : -errno;
	e = poison_map(r);
	if (e)
		return e;
	for (i = (uint64_t)at; i < bytes; i++)
		r->nr_poison += (uint64_t)__builtin_popcount(r->poison[i]);
	return 0;
}

int pmem_add(struct pmem *p, const char *name, uint64_t spa, uint64_t size,
	     bool read_only, bool *ret_fresh)
{
	struct pmem_region r = {
		.spa = spa,
		.size = size,
		.read_only = read_only,
		.fd = -1,
		.poison_fd = -1,
	};
	struct pmem_region *n;
	size_t i;
	int e;

	if (!*name || *name == '.' || strchr(name, '/') || !size ||
	    !nv_is_aligned(spa | size, FRAME) || spa + size < spa)
		return -EINVAL;
	if (size > INT64_MAX)
		return -EFBIG;
	for (i = p->nr; i && p->regions[i - 1].spa >= spa; i--)
		;
	if ((i && spa - p->regions[i - 1].spa < p->regions[i - 1].size) ||
	    (i < p->nr && p->regions[i].spa - spa < size))
		return -EEXIST;

	n = reallocarray(p->regions, p->nr + 1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	p->regions = n;

	r.name = strdup(name);
	e = r.name ? 0 : -ENOMEM;
	if (!e)
		e = r.fd = file_open(p, name, "pmem", size, ret_fresh);
	if (e >= 0)
		e = r.poison_fd = file_open(p, name, "poison",
					    size / FRAME / 8 + 1, ret_fresh);
	if (e >= 0)
		e = poison_load(&r);
	if (e < 0) {
		region_deinit(&r);
		return e;
	}
	memmove(&n[i + 1], &n[i], (p->nr - i) * sizeof(*n));
	n[i] = r;
	p->nr++;
	return 0;
}

/* Binary search: the region that holds all of it, or NULL. */
static struct pmem_region *region_at(const struct pmem *p, uint64_t spa,
				     uint64_t len)
{
	size_t lo = 0, hi = p->nr, mid;
	struct pmem_region *r;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (p->regions[mid].spa <= spa)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	r = &p->regions[lo - 1];
	if (spa - r->spa >= r->size || len > r->size - (spa - r->spa))
		return NULL;
	return r;
}

bool pmem_has(const struct pmem *p, uint64_t spa, uint64_t len)
{
	return region_at(p, spa, len);
}

static bool region_poisoned(const struct pmem_region *r, uint64_t off,
			    uint64_t len)
{
	uint64_t f, last;

	if (!r->nr_poison || !len)
		return false;
	last = (off + len - 1) / FRAME;
	for (f = off / FRAME; f <= last; f++) {
		/* Most of the bitmap is empty: a byte at a time. */
		if (f % 8 == 0 && !r->poison[f / 8] && f + 7 <= last) {
			f += 7;
			continue;
		}
		if (poison_get(r, f))
			return true;
	}
	return false;
}

bool pmem_poisoned(const struct pmem *p, uint64_t spa, uint64_t len)
{
	const struct pmem_region *r = region_at(p, spa, len);

	return r && region_poisoned(r, spa - r->spa, len);
}

int pmem_read(const struct pmem *p, uint64_t spa, void *buf, size_t len)
{
	const struct pmem_region *r = region_at(p, spa, len);
	char *to = buf;
	uint64_t off;
	ssize_t n;

	if (!r)
		return -ENXIO;
	off = spa - r->spa;
	if (region_poisoned(r, off, len))
		return -EIO;
	while (len) {
		n = pread(r->fd, to, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int region_write(const struct pmem_region *r, uint64_t off,
			const void *buf, size_t len)
{
	const char *from = buf;
	ssize_t n;

	while (len) {
		n = pwrite(r->fd, from, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int region_zero(const struct pmem_region *r, uint64_t off, uint64_t len)
{
	static const char zeroes[65536];
	uint64_t n;
	int e;

	if (!fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		       (off_t)off, (off_t)len))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	for (; len; off += n, len -= n) {
		n = NV_MIN(len, (uint64_t)sizeof(zeroes));
		e = region_write(r, off, zeroes, (size_t)n);
		if (e)
			return e;
	}
	return 0;
}

/* May this be written? */
static int region_open_for(const struct pmem *p, uint64_t spa, uint64_t len,
			   struct pmem_region **ret)
{
	struct pmem_region *r = region_at(p, spa, len);

	if (!r)
		return -ENXIO;
	if (r->read_only)
		return -EROFS;
	*ret = r;
	return 0;
}

int pmem_write(struct pmem *p, uint64_t spa, const void *buf, size_t len)
{
	struct pmem_region *r;
	int e = region_open_for(p, spa, len, &r);

	if (e)
		return e;
	if (region_poisoned(r, spa - r->spa, len))
		return -EIO;
	return region_write(r, spa - r->spa, buf, len);
}

int pmem_zero(struct pmem *p, uint64_t spa, uint64_t len)
{
	struct pmem_region *r;
	int e = region_open_for(p, spa, len, &r);

	if (e || !len)
		return e;
	if (region_poisoned(r, spa - r->spa, len))
		return -EIO;
	return region_zero(r, spa - r->spa, len);
}

int pmem_poison(struct pmem *p, uint64_t spa, uint64_t len, bool on)
{
	struct pmem_region *r;
	uint64_t f, end;
	int e;

	if (!nv_is_aligned(spa | len, FRAME))
		return -EINVAL;
	r = region_at(p, spa, len);
	if (!r)
		return -ENXIO;
	if (!on && !r->nr_poison)
		return 0;
	e = poison_map(r);
	if (e)
		return e;
	end = (spa - r->spa + len) / FRAME;
	for (f = (spa - r->spa) / FRAME; f < end; f++) {
		if (poison_get(r, f) == on)
			continue;
		e = region_zero(r, f * FRAME, FRAME);
		if (e)
			return e;
		r->poison[f / 8] ^= (uint8_t)(1u << (f % 8));
		r->nr_poison += on ? 1 : -1ull;
	}
	return 0;
}
