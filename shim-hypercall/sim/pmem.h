/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pmem.h - what the simulated DIMMs hold: one sparse file per region.
 *
 * Reads and writes go to the file rather than through a mapping of it, so a
 * full disk is an error to report and not a SIGBUS. The page cache makes every
 * write outlive the process, as flushed stores outlive a power cut; a host
 * that is started again on the same directory finds the same bytes.
 *
 * A frame may be poisoned: what it held is gone, and reading it fails until
 * it is cleared. Poison lives in the media, so in a second file.
 *
 * Units: bytes of system physical address.
 */
#ifndef NVSIM_PMEM_H
#define NVSIM_PMEM_H

#include "base/macros.h"

struct pmem;

/**
 * pmem_open() - @dir holds (or will hold) the files
 * @dir: NULL: contents end with the process
 * Return: 0 and *@ret; -errno.
 */
int pmem_open(const char *dir, struct pmem **ret) nv_must_check;

struct pmem *pmem_close(struct pmem *p);

/**
 * pmem_add() - one region
 * @name: becomes a file name, so no slash and no leading dot
 * Return: 0 and *@ret_fresh: there were no files for it; -EINVAL (name,
 * alignment), -EEXIST (overlap), -EFBIG, -errno.
 */
int pmem_add(struct pmem *p, const char *name, uint64_t spa, uint64_t size,
	     bool read_only, bool *ret_fresh) nv_must_check;

/** pmem_has() - is all of this persistent memory of one region? */
bool pmem_has(const struct pmem *p, uint64_t spa, uint64_t len);

/**
 * pmem_read() - @len bytes
 * Return: 0; -ENXIO (not all in one region); -EIO (poison); -errno.
 */
int pmem_read(const struct pmem *p, uint64_t spa, void *buf, size_t len)
	nv_must_check;

/** pmem_write() - Return: 0; -ENXIO; -EIO (poison); -EROFS; -errno, as -ENOSPC. */
int pmem_write(struct pmem *p, uint64_t spa, const void *buf, size_t len)
	nv_must_check;

/** pmem_zero() - as pmem_write(), and gives the blocks back to the file system */
int pmem_zero(struct pmem *p, uint64_t spa, uint64_t len) nv_must_check;

/**
 * pmem_poison() - poison whole frames, or clear them: they then read as zeroes
 * Return: 0; -EINVAL (not whole frames), -ENXIO, -errno.
 */
int pmem_poison(struct pmem *p, uint64_t spa, uint64_t len, bool on)
	nv_must_check;

/** pmem_poisoned() - is any of these bytes poisoned? */
bool pmem_poisoned(const struct pmem *p, uint64_t spa, uint64_t len);

#endif
