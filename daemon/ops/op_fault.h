/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_fault.h - the hypervisor's events: decided, written down, answered, acknowledged.
 */
#ifndef NV_OPS_OP_FAULT_H
#define NV_OPS_OP_FAULT_H

#include "ops/fault_desk.h"

/**
 * op_fault_step() - one batch of events
 * Return: OP_MORE, more wait (and these are not acknowledged yet); 0, none is
 * left; NV_E_* or -errno, try again in a while.
 */
int op_fault_step(struct nvd *nvd, struct nv_why *why);

/**
 * op_fault_catch_up() - all that wait now, for who must know of them first
 * Return: 0, none is left; NV_E_BROKEN, there is no end of them; as op_fault_step().
 */
int op_fault_catch_up(struct nvd *nvd, struct nv_why *why);

#endif
