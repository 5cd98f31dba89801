/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest/window.c - look at any GPA through any page size.
 *
 * One page table of each level is kept for this, at 512 GiB and up, where
 * the identity map of start.S does not reach.
 */
#include "guest.h"

#define PAGE_4K (1ull << 12)
#define PAGE_2M (1ull << 21)
#define PAGE_1G (1ull << 30)
#define PRESENT_RW 0x3
#define LARGE 0x80

extern uint64_t page_pml4[512];

static uint64_t level3[512] __attribute__((aligned(4096)));
static uint64_t level2[512] __attribute__((aligned(4096)));
static uint64_t level1[512] __attribute__((aligned(4096)));
static uint64_t pages_dir[512] __attribute__((aligned(4096)));
static uint64_t pages[512] __attribute__((aligned(4096)));

uint64_t window_largest(void)
{
	uint32_t r[4];

	cpu_cpuid(0x80000001, r);
	return r[3] & (1u << 26) ? PAGE_1G : PAGE_2M;
}

/* Map 512 pages of @page bytes at @table, beginning with the one at @gpa. */
static void fill(uint64_t *table, uint64_t gpa, uint64_t page)
{
	unsigned int i;

	gpa &= ~(page - 1);
	for (i = 0; i < 512; i++)
		table[i] = (gpa + i * page) | PRESENT_RW | (page > PAGE_4K ? LARGE : 0);
}

volatile void *window_map(uint64_t gpa, uint64_t page, uint64_t *span)
{
	uint64_t at = 512ull << 30;

	page_pml4[1] = (uint64_t)level3 | PRESENT_RW;
	level3[0] = (uint64_t)level2 | PRESENT_RW;
	level2[0] = (uint64_t)level1 | PRESENT_RW;
	fill(page == PAGE_4K ? level1 : page == PAGE_2M ? level2 : level3, gpa, page);
	__asm__ volatile("mov %0, %%cr3" : : "r"(page_pml4) : "memory");

	*span = 512 * page - (gpa & (page - 1));
	return (volatile void *)(at + (gpa & (page - 1)));
}

volatile void *window_page(unsigned int slot, uint64_t gpa)
{
	uint64_t at = (512ull << 30) + PAGE_1G + slot * PAGE_4K, span;

	/* The tables above are those of a window of small pages, wherever. */
	window_map(gpa, PAGE_4K, &span);
	level3[1] = (uint64_t)pages_dir | PRESENT_RW;
	pages_dir[0] = (uint64_t)pages | PRESENT_RW;
	pages[slot] = (gpa & ~(PAGE_4K - 1)) | PRESENT_RW;
	__asm__ volatile("mov %0, %%cr3" : : "r"(page_pml4) : "memory");
	return (volatile void *)(at + (gpa & (PAGE_4K - 1)));
}
