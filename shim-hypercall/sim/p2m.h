/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * p2m.h - a guest's physical memory map, as nested page tables.
 *
 * Four levels of 512 entries, pages of order 0 (4 KiB), 9 (2 MiB) and 18
 * (1 GiB), as on AMD and Intel; entries look like AMD's nested page tables
 * as Xen writes them (xen/arch/x86/mm/p2m-pt.c), so what query shows is the
 * entry as it stands. A page that is changed in part is split, level by level;
 * tables that become empty are freed.
 *
 * Units: frames. One struct p2m belongs to one domain and one thread.
 */
#ifndef NVSIM_P2M_H
#define NVSIM_P2M_H

#include "base/macros.h"

#define P2M_GFN_BITS 36 /* four levels of nine bits: 48 bits of address */

/* Xen's numbers (xen/arch/x86/include/asm/p2m.h). */
enum p2m_type {
	P2M_RAM = 0,
	P2M_MMIO_DM = 4, /* a hole: accesses go to the device model */
	P2M_MMIO_DIRECT = 5,
};

#define P2M_ENTRY_PRESENT (UINT64_C(1) << 0)
#define P2M_ENTRY_WRITE	  (UINT64_C(1) << 1)
#define P2M_ENTRY_USER	  (UINT64_C(1) << 2)
#define P2M_ENTRY_PCD	  (UINT64_C(1) << 4) /* uncached */
#define P2M_ENTRY_PSE	  (UINT64_C(1) << 7) /* a page of order 9 or 18 */
#define P2M_ENTRY_TYPE_SHIFT 52

struct p2m;

struct p2m_entry {
	enum p2m_type type; /* P2M_MMIO_DM: nothing is there */
	unsigned int order; /* of the page, or of the largest hole around */
	uint64_t mfn;	    /* of the gfn asked for; ~0 in a hole */
	uint64_t raw;	    /* 0 in a hole */
};

/* A run of equal pages: gfn and mfn ascend together. */
struct p2m_run {
	uint64_t gfn;
	uint64_t nr; /* frames */
	uint64_t mfn;
	enum p2m_type type;
	unsigned int order;
	bool uncached;
};

/** p2m_new() - an empty map. Return: 0 and *@ret, or -ENOMEM. */
int p2m_new(struct p2m **ret) nv_must_check;

/** p2m_free() - NULL is fine. Return: NULL. */
struct p2m *p2m_free(struct p2m *p);

/** p2m_get() - what is at @gfn; beyond P2M_GFN_BITS nothing ever is */
struct p2m_entry p2m_get(const struct p2m *p, uint64_t gfn);

/**
 * p2m_set() - make one page of @order at @gfn
 * @gfn and @mfn are multiples of it. Whatever was there goes; a larger page
 * around is split. P2M_MMIO_DM makes a hole, @mfn is then ignored.
 * Return: 0; -ENOMEM, and the guest sees exactly what it saw before; -EINVAL
 * (order, alignment, beyond P2M_GFN_BITS).
 */
int p2m_set(struct p2m *p, uint64_t gfn, uint64_t mfn, unsigned int order,
	    enum p2m_type type, bool uncached) nv_must_check;

/**
 * p2m_set_range() - the same for @nr frames, in the largest pages of at most @max_order that fit
 * Return: as p2m_set(); what was done before an error stays.
 */
int p2m_set_range(struct p2m *p, uint64_t gfn, uint64_t mfn, uint64_t nr,
		  unsigned int max_order, enum p2m_type type,
		  bool uncached) nv_must_check;

/**
 * p2m_next() - the first run that ends after @gfn
 * A run never joins pages of different order.
 * Return: true and *@ret, cut at the left to begin at @gfn at the earliest.
 */
bool p2m_next(const struct p2m *p, uint64_t gfn, struct p2m_run *ret);

/** p2m_fail_table() - the @nth table allocated from now on fails, once; 0: none does */
void p2m_fail_table(struct p2m *p, uint64_t nth);

/** p2m_tables() - tables in use, in pages; a map without leaks comes back to 1 */
uint64_t p2m_tables(const struct p2m *p);

/** p2m_writes() - entries written since p2m_new() */
uint64_t p2m_writes(const struct p2m *p);

/** p2m_check() - every rule of the structure. Return: true if they hold. */
bool p2m_check(const struct p2m *p);

#endif
