/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/hv_shim.h - the hypervisor through libnvshim: Xen's, or nvdimm-sim's.
 */
#ifndef NV_ADAPTER_HV_SHIM_H
#define NV_ADAPTER_HV_SHIM_H

#include "base/refuse.h"
#include "port/hv.h"

/**
 * hv_shim_open() - connect, check that we speak the same ABI, and listen
 * @where: "xen" or "sim:PATH"
 * Return: 0 and *@ret, to be freed with hv_freep(); NV_E_NO_HYPERVISOR;
 * NV_E_PERMISSION; NV_E_BUSY (someone else listens); -errno.
 */
int hv_shim_open(const char *where, struct nv_why *why, struct hv **ret);

#endif
