/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl.h - the host's persistent memory through libndctl.
 */
#ifndef NV_ADAPTER_TOPO_NDCTL_H
#define NV_ADAPTER_TOPO_NDCTL_H

#include "port/topo.h"

/**
 * topo_ndctl_new() - the kernel's view of this host
 * @marks: the directory of topo_marks.h; copied
 *
 * Return: 0 and *@ret, to be freed with topo_port_freep(); -ENOMEM; -errno.
 */
int topo_ndctl_new(const char *marks, struct topo_port **ret) nv_must_check;

#endif
