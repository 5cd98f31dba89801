/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest.c - loads and stores through the page tables.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <string.h>
#include <sys/mman.h>

/*
 * MCi_STATUS of a data load that consumed poison (Intel SDM 3B, 16.9.3.2; AMD64
 * APM volume 2, 9.3.2.2: UC and poison).
 */
#define SRAR_STATUS UINT64_C(0xbd80000000000134)
#define SRAR_AMD    UINT64_C(0xbc00080000000135)
#define SRAR_MISC   UINT64_C(0x8c) /* physical address, 4 KiB */
#define SRAR_MCG    UINT64_C(0x7)  /* in progress, restartable, at the access */

static int ram_get(struct domain *d, uint64_t mfn, uint8_t **ret)
{
	void *m;

	if (!d->ram) {
		m = mmap(NULL, d->ram_frames << 12, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (m == MAP_FAILED)
			return -errno;
		d->ram = m;
	}
	*ret = d->ram + ((mfn - d->ram_mfn) << 12);
	return 0;
}

static int pmem_consume(struct domain *d, uint64_t spa)
{
	struct nvdimm_mce_report m = {
		.status = d->host->ops.amd ? SRAR_AMD : SRAR_STATUS,
		.spa = spa,
		.misc = SRAR_MISC,
		.mcg = SRAR_MCG,
		.flags = XEN_NVDIMM_EVENTF_GUEST,
	};

	host_mce(d->host, &m);
	return -EHWPOISON;
}

/* One piece that lies in one frame. Return: 0, 1 (a hole), -EHWPOISON, -errno. */
static int access_frame(struct domain *d, const struct p2m_entry *e,
			uint64_t gpa, void *buf, size_t len, bool write)
{
	uint64_t spa = (e->mfn << 12) + (gpa & 4095);
	struct pmem *pmem = d->host->pmem;
	uint8_t *ram = NULL;
	int r;

	if (e->type == P2M_RAM) {
		r = ram_get(d, e->mfn, &ram);
		if (r)
			return r;
		if (write)
			memcpy(ram + (gpa & 4095), buf, len);
		else
			memcpy(buf, ram + (gpa & 4095), len);
		return 0;
	}
	if (e->type == P2M_MMIO_DIRECT && pmem_has(pmem, spa, len)) {
		if (pmem_poisoned(pmem, spa, len))
			return pmem_consume(d, spa);
		return write ? pmem_write(pmem, spa, buf, len) :
			       pmem_read(pmem, spa, buf, len);
	}
	if (!write)
		memset(buf, 0xff, len);
	return 1;
}

static struct guest_access guest_access(struct domain *d, uint64_t gpa,
					uint8_t *buf, uint64_t len, bool write)
{
	struct guest_access a = { .at = gpa };
	struct host *h = d->host;
	struct p2m_entry e;
	uint64_t gfn;
	size_t n;
	int r;

	while (a.done < len) {
		a.at = gpa + a.done;
		if (!domain_runs(d) || !d->p2m) {
			a.end = GUEST_STOPPED;
			return a;
		}
		gfn = a.at >> 12;
		n = (size_t)NV_MIN(len - a.done, 4096 - (a.at & 4095));
		e = p2m_get(d->p2m, gfn);
		if (e.type == P2M_MMIO_DM && nvdimm_core_hole(h->core, d, gfn)) {
			h->stat.touches++;
			if (nvdimm_core_touch(h->core, d, 0, a.at)) {
				a.end = GUEST_TRAPPED;
				return a;
			}
			/* It was filled in between: the CPU tries again. */
			e = p2m_get(d->p2m, gfn);
		}
		r = access_frame(d, &e, a.at, buf + a.done, n, write);
		if (r == -EHWPOISON) {
			a.end = GUEST_MCE;
			return a;
		}
		if (r < 0) {
			a.end = GUEST_FAILED;
			a.error = r;
			return a;
		}
		a.holes += r ? n : 0;
		a.done += n;
	}
	a.at = gpa + a.done;
	return a;
}

struct guest_access guest_read(struct domain *d, uint64_t gpa, void *buf,
			       uint64_t len)
{
	return guest_access(d, gpa, buf, len, false);
}

struct guest_access guest_write(struct domain *d, uint64_t gpa,
				const void *buf, uint64_t len)
{
	/* Only read from when storing. */
	return guest_access(d, gpa, (uint8_t *)(uintptr_t)buf, len, true);
}

const char *guest_end_name(enum guest_end e)
{
	static const char *const names[] = {
		[GUEST_OK] = "ok",
		[GUEST_TRAPPED] = "trapped",
		[GUEST_MCE] = "machine-check",
		[GUEST_STOPPED] = "stopped",
		[GUEST_FAILED] = "failed",
	};

	return names[e];
}

/* splitmix64's finalizer: every word differs from its neighbours. */
static uint64_t pattern_word(uint64_t seed, uint64_t i)
{
	uint64_t x = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void pattern_make(uint64_t seed, uint64_t offset, void *buf, uint64_t len)
{
	uint64_t i, word = pattern_word(seed, offset / 8);
	uint8_t *b = buf;

	for (i = 0; i < len; i++, offset++) {
		if (offset % 8 == 0)
			word = pattern_word(seed, offset / 8);
		b[i] = (uint8_t)(word >> (offset % 8 * 8));
	}
}

uint64_t pattern_check(uint64_t seed, uint64_t offset, const void *buf,
		       uint64_t len)
{
	uint8_t want[4096];
	uint64_t at, i, n;

	for (at = 0; at < len; at += n) {
		const uint8_t *b = (const uint8_t *)buf + at;

		n = NV_MIN(len - at, (uint64_t)sizeof(want));
		pattern_make(seed, offset + at, want, n);
		if (!memcmp(want, b, n))
			continue;
		for (i = 0; b[i] == want[i]; i++)
			;
		return at + i;
	}
	return len;
}
