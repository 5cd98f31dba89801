/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_boot.h - kernel, book and hypervisor are brought together at start.
 */
#ifndef NV_OPS_OP_BOOT_H
#define NV_OPS_OP_BOOT_H

#include "ops/nvd.h"

/**
 * op_boot() - ports open, ledger empty: load, compare, carry out
 * A pool that is missing or does not fit is an alarm, not a failure.
 * Return: 0, requests may be served; NV_E_BAD_BOOK, NV_E_BOOK_READ_ONLY,
 * NV_E_HYPERVISOR, -errno: the daemon cannot do its work.
 */
int op_boot(struct nvd *nvd, struct nv_why *why);

/** op_rescan() - what the hypervisor has, read again whole (after lost events) */
int op_rescan(struct nvd *nvd, struct nv_why *why);

/** op_resolve_lost() - let go who is held for events that were lost: told that something broke */
int op_resolve_lost(struct nvd *nvd, struct nv_why *why);

/**
 * op_leftover_begin() - something that was begun and not ended, of this or an earlier life
 * Unmaps and deletions. Call it in a while again: what fails is left over again.
 * Return: 0 and *@ret, NULL if nothing is left; NV_E_*, -errno.
 */
int op_leftover_begin(struct nvd *nvd, struct nv_why *why, struct op **ret);

/**
 * op_topology() - the kernel's view changed: pools that came, bad blocks, namespaces in use again
 * Return: 0; OP_MORE, not now, ask again soon; -errno.
 */
int op_topology(struct nvd *nvd, struct nv_why *why);

#endif
