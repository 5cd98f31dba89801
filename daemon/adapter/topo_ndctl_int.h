/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl_int.h - what the files of topo_ndctl share.
 */
#ifndef NV_ADAPTER_TOPO_NDCTL_INT_H
#define NV_ADAPTER_TOPO_NDCTL_INT_H

#include <ndctl/libndctl.h>

#include "port/topo.h"

/** topo_ndctl_open() - a silent context. Return: 0 and *@ret; -errno. */
int topo_ndctl_open(struct ndctl_ctx **ret) nv_must_check;
void topo_ndctl_closep(struct ndctl_ctx **ctx);

/**
 * topo_ndctl_read() - what the kernel shows now, without users[]
 * In a context of its own: libndctl remembers what it read once.
 * Return: 0, *@ret_ctx and *@ret, finished, both the caller's; -errno.
 */
int topo_ndctl_read(struct ndctl_ctx **ret_ctx,
                    struct topo **ret) nv_must_check;

/** topo_ndctl_region_bad() - add the bad blocks that the region lists. Return: 0; -ENOMEM */
int topo_ndctl_region_bad(struct topo *t, struct ndctl_region *from, struct topo_region *r) nv_must_check;

/** topo_ndctl_disk_bad() - and those of a namespace's disk, which begins at SPA @base. Return: 0; -ENOMEM */
int topo_ndctl_disk_bad(const struct topo_ns *ns, uint64_t base, struct topo_region *r) nv_must_check;

/** topo_ndctl_find() - libndctl's namespace for one of ours, or NULL */
struct ndctl_namespace *topo_ndctl_find(struct ndctl_ctx *ctx,
                                        const struct topo_ns *ns);

/** topo_ndctl_clear() - the port's clear(), of the namespace at @place */
int topo_ndctl_clear(struct ndctl_ctx *ctx, const struct topo_place *place,
                     uint64_t offset, uint64_t nr,
                     struct nv_why *why) nv_must_check;

/*
 * Waits for changes: one epoll descriptor over the kernel's device events,
 * each region's bad blocks and each DIMM's health.
 */
struct topo_watch;

int topo_watch_new(struct topo_watch **ret) nv_must_check;
struct topo_watch *topo_watch_free(struct topo_watch *w);
int topo_watch_fd(const struct topo_watch *w);
int topo_watch_drain(struct topo_watch *w, uint32_t *ret_changes) nv_must_check;

#endif
