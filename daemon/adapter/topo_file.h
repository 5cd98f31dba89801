/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_file.h - the persistent memory of a simulated host, from its description.
 *
 * The file is nvdimm-sim's (codec/topo_conf.h). What is taken is remembered in
 * memory only: there is no kernel that could take it back. Users that the file
 * names are refused as a kernel's would be. Bad memory can be repaired unless
 * one of the region's DIMMs has the health "fatal"; repairs are remembered in
 * a file beside (topo_repaired.h), as real memory does.
 */
#ifndef NV_ADAPTER_TOPO_FILE_H
#define NV_ADAPTER_TOPO_FILE_H

#include "base/refuse.h"
#include "port/topo.h"

/**
 * topo_file_new() - the topology in the file @path, which is read once at once
 * Return: 0 and *@ret, to be freed with topo_port_freep(); NV_E_BAD_CONFIG
 * with a sentence; -errno.
 */
int topo_file_new(const char *path, struct nv_why *why, struct topo_port **ret) nv_must_check;

#endif
