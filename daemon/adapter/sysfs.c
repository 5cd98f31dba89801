/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/sysfs.c - read an attribute.
 */
#include <ctype.h>
#include <fcntl.h>

#include "adapter/sysfs.h"

ssize_t sysfs_read(int dirfd, const char *path, char *buf, size_t len)
{
	nv_cleanup(nv_closep) int fd =
		openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	while (n < len - 1) {
		ssize_t got = read(fd, buf + n, len - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return (ssize_t)n;
}

int sysfs_read_u64(int dirfd, const char *path, uint64_t *ret)
{
	char buf[64], *end;
	uint64_t v;
	ssize_t n;

	n = sysfs_read(dirfd, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	/* strtoull() would take a sign and leading blanks. */
	if (!isdigit((unsigned char)buf[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(buf, &end, 0);
	if (*end)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	*ret = v;
	return 0;
}
