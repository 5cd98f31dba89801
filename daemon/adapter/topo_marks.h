/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_marks.h - which namespaces are taken, for udev's eyes.
 *
 * An empty file per taken namespace, in a directory that is there before any
 * file system but the root's is mounted: at boot udev sees the namespace long
 * before nvdimmd does, and 60-nvdimmd.rules tests for the file. Its name is
 * what the rule can read in sysfs: the UUID of the label or, without one, the
 * region's set_cookie. The daemon's database is the truth; this is a copy,
 * made again at each start.
 */
#ifndef NV_ADAPTER_TOPO_MARKS_H
#define NV_ADAPTER_TOPO_MARKS_H

#include "base/uuid.h"

/** topo_marks_has() - is @id marked in directory @dir? */
bool topo_marks_has(const char *dir, const struct nv_uuid *id);

/** topo_marks_set() - durable when it returns. Return: 0; -errno. */
int topo_marks_set(const char *dir, const struct nv_uuid *id) nv_must_check;

/** topo_marks_clear() - no mark is fine. Return: 0; -errno. */
int topo_marks_clear(const char *dir, const struct nv_uuid *id) nv_must_check;

#endif
