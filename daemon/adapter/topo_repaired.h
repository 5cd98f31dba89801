/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_repaired.h - what a simulated host repaired of its bad memory.
 *
 * Real memory remembers its repairs, so the simulation does, in a file beside
 * the topology file: "FILE.repaired", a line "UUID OFFSET NR" for each, in
 * bytes and frames. It counts only while it is not older than the topology
 * file: whoever writes that one describes the host anew.
 */
#ifndef NV_ADAPTER_TOPO_REPAIRED_H
#define NV_ADAPTER_TOPO_REPAIRED_H

#include "core/topo.h"

/**
 * topo_repaired_apply() - take what was repaired out of @t's bad ranges
 * @path: the topology file's
 * Return: 0; -ENOMEM; -errno; -EBADMSG (a line that is none).
 */
int topo_repaired_apply(const char *path, struct topo *t) nv_must_check;

/** topo_repaired_add() - remember one more, durably. Return: 0; -errno. */
int topo_repaired_add(const char *path, const struct nv_uuid *id,
                      uint64_t offset, uint64_t nr) nv_must_check;

#endif
