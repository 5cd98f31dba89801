/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_marks.c - the files that 60-nvdimmd.rules tests for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "adapter/topo_marks.h"
#include "core/topo.h"

static const char *mark_name(const struct nv_uuid *id, char *buf)
{
	uint64_t cookie;

	/* As the kernel prints set_cookie: drivers/nvdimm/region_devs.c. */
	if (topo_id_cookie(id, &cookie)) {
		snprintf(buf, NV_UUID_TEXT, "0x%" PRIx64, cookie);
		return buf;
	}
	return nv_uuid_print(id, buf);
}

static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool topo_marks_has(const char *dir, const struct nv_uuid *id)
{
	nv_cleanup(nv_closep) int fd = open_dir(dir);
	char name[NV_UUID_TEXT];

	return fd >= 0 && !faccessat(fd, mark_name(id, name), F_OK, 0);
}

int topo_marks_set(const char *dir, const struct nv_uuid *id)
{
	nv_cleanup(nv_closep) int fd = -1, file = -1;
	char name[NV_UUID_TEXT];

	if (mkdir(dir, 0755) && errno != EEXIST && errno != EROFS)
		return -errno;
	fd = open_dir(dir);
	if (fd < 0)
		return fd;
	file = openat(fd, mark_name(id, name), O_WRONLY | O_CREAT | O_CLOEXEC,
	              0644);
	if (file < 0)
		return -errno;
	return fsync(fd) ? -errno : 0;
}

int topo_marks_clear(const char *dir, const struct nv_uuid *id)
{
	nv_cleanup(nv_closep) int fd = open_dir(dir);
	char name[NV_UUID_TEXT];

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (unlinkat(fd, mark_name(id, name), 0))
		return errno == ENOENT ? 0 : -errno;
	return fsync(fd) ? -errno : 0;
}
