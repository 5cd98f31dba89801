/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-os.h - what nvdimm-core takes from its surroundings: Xen, or a C
 * library when it is tested or simulated.
 */
#ifndef NVDIMM_OS_H
#define NVDIMM_OS_H

#ifdef __XEN__

#include <xen/bitops.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/string.h>
#include <xen/types.h>
#include <public/nvdimm.h>
#include <public/xen.h>

#define nv_popcount(x) hweight64(x)

#else /* userspace */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "public/nvdimm.h"

#define DOMID_INVALID 0x7FF4U /* public/xen.h */

#define nv_popcount(x) ((unsigned int)__builtin_popcountll(x))

#endif

/* Read and write where no lock is held, or only the leaf lock. */
#define nv_load(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define nv_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

#endif /* NVDIMM_OS_H */
