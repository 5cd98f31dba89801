/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl_bad.c - the kernel's bad blocks, and whether it told all.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "adapter/sysfs.h"
#include "adapter/topo_ndctl_int.h"

#define SECTOR UINT64_C(512) /* the unit of the kernel's bad blocks */
/*
 * The kernel's badblocks attribute ends without a word where its page ends
 * (block/badblocks.c, badblocks_show()); no line is longer than this.
 */
#define BADBLOCKS_FULL (4096 - 32)

/*
 * A disk's own list: more than the region's if somebody wrote to its
 * attribute. Read here, as libndctl would fall back to the region's list
 * without saying so.
 */
int topo_ndctl_disk_bad(const struct topo_ns *ns, uint64_t base,
                         struct topo_region *r)
{
	char path[PATH_MAX], buf[SYSFS_ATTR], *line, *save = NULL;
	unsigned long long first, nr;

	if (!ns->block[0] || base == UINT64_MAX || base < r->spa)
		return 0;
	snprintf(path, sizeof(path), "/sys/class/block/%s/badblocks",
	         ns->block);
	if (sysfs_read(AT_FDCWD, path, buf, sizeof(buf)) <= 0)
		return 0;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%llu %llu", &first, &nr) != 2 ||
		    first > r->size / SECTOR)
			r->bad_unknown = true;
		else if (topo_add_bad(r, base - r->spa + first * SECTOR,
		                      NV_MIN(nr, r->size / SECTOR) * SECTOR))
			return -ENOMEM;
	}
	return 0;
}

/*
 * The list is read through libndctl; the attribute itself only to learn
 * whether that was all of it: an empty list and no list look alike there.
 */
int topo_ndctl_region_bad(struct topo *t, struct ndctl_region *from,
                           struct topo_region *r)
{
	char path[PATH_MAX], buf[SYSFS_ATTR];
	size_t lines = 0, got = 0;
	struct badblock *bb;
	const char *p;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/badblocks",
	         r->name);
	n = sysfs_read(AT_FDCWD, path, buf, sizeof(buf));
	if (n < 0) {
		r->bad_unknown = true;
		return topo_add_problem(
			t, "the bad blocks of %s are not known: %s", r->name,
			strerror((int)-n));
	}
	for (p = buf; *p; p += strcspn(p, "\n"), p += *p == '\n')
		lines++;
	ndctl_region_badblock_foreach(from, bb)
	{
		got++;
		if (bb->offset > r->size / SECTOR)
			got = SIZE_MAX / 2;
		else if (topo_add_bad(r, bb->offset * SECTOR, bb->len * SECTOR))
			return -ENOMEM;
	}
	if (got == lines && n < BADBLOCKS_FULL)
		return 0;
	r->bad_unknown = true;
	return topo_add_problem(
		t, "the bad blocks of %s are not all known: %s", r->name,
		got == lines ? "the kernel's list is longer than it can show"
			     : "the kernel's list is damaged");
}
