/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_users.h - who uses the block and character devices of a
 * namespace?
 *
 * Mounts and swap by the kernel's tables, stacked devices by sysfs, and every
 * process's open descriptors. What it does not find (a process that hides, a
 * file system on several devices that names another) still keeps the device
 * from being opened exclusively, which is asked for last.
 */
#ifndef NV_ADAPTER_TOPO_USERS_H
#define NV_ADAPTER_TOPO_USERS_H

#include "core/topo.h"

/**
 * topo_users_find() - fill users[] of all namespaces that have a device
 * @proc: "/proc", or a directory that looks like it
 *
 * Return: 0; -ENOMEM; -errno if /proc or a table could not be read: then
 * nobody knows who uses what, and nothing may be taken.
 */
int topo_users_find(const char *proc, struct topo *t) nv_must_check;

#endif
