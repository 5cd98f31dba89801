/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/sysfs.h - the few attributes that no library reads for us.
 */
#ifndef NV_ADAPTER_SYSFS_H
#define NV_ADAPTER_SYSFS_H

#include "base/macros.h"

/* An attribute is at most a page, plus the final NUL. */
#define SYSFS_ATTR 4097

/**
 * sysfs_read() - an attribute's text, without its last newline
 * @dirfd, @path: as openat(); @buf: at least @len bytes
 *
 * Return: the length (it is cut at @len - 1); -errno.
 */
ssize_t sysfs_read(int dirfd, const char *path, char *buf, size_t len);

/**
 * sysfs_read_u64() - a decimal, 0x or octal number and nothing else
 * Return: 0 and *@ret; -EINVAL (no number); -ERANGE; -errno.
 */
int sysfs_read_u64(int dirfd, const char *path, uint64_t *ret) nv_must_check;

#endif
