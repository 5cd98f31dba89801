/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_domain.h - what remains when a domain is gone.
 */
#ifndef NV_OPS_OP_DOMAIN_H
#define NV_OPS_OP_DOMAIN_H

#include "ops/nvd.h"

/**
 * op_domain_released() - the hypervisor dropped an extent with its domain
 * Return: 0, it may be acknowledged; the store's error, it may not.
 */
int op_domain_released(struct nvd *nvd, const struct hv_event *ev, struct nv_why *why);

#endif
