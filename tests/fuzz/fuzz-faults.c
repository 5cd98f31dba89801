/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-faults.c - any bytes as what a hypervisor says, through the codec and
 * the flow of faults: the ledger holds, and the flow ends.
 *
 * Four bytes say how many events, broken ranges and extents follow, and what is
 * folded into the pool, where there is something to hit. What the codec refuses
 * is what the port would have refused.
 */
#include <stdio.h>
#include <string.h>

#include "codec/hvwire.h"
#include "tests/lib/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 16
#define MIB (1ull << 20)

/* What is left of the input. */
struct input {
	const uint8_t *data;
	size_t size;
};

static struct world w;
static struct hv_ops ops;
static const struct hv_ops *real;
static struct hv_batch batch;
static struct hv_record list[HV_LIST_HOLDS + 1][MOST];
static uint32_t nr_list[HV_LIST_HOLDS + 1];
static bool told;

static void take(struct input *in, void *to, size_t size)
{
	size_t n = NV_MIN(size, in->size);

	memset(to, 0, size);
	memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
}

static uint64_t fold(uint64_t mfn)
{
	return WORLD_MFN + mfn % (2 * WORLD_NR);
}

static void read_events(struct input *in, uint8_t n, uint8_t folded)
{
	struct {
		struct xen_nvdimm_events head;
		struct xen_nvdimm_event event[MOST];
	} ev = { .head.nr = n % MOST };
	uint32_t i;

	for (i = 0; i < ev.head.nr; i++) {
		take(in, &ev.event[i], sizeof(ev.event[i]));
		ev.event[i].seq = i + 1;
		if (folded & 1) {
			ev.event[i].spa = fold(ev.event[i].spa >> 12) << 12;
			ev.event[i].nr %= 3 * WORLD_NR;
		}
		if (folded & 2) {
			ev.event[i].map_id %= 4;
			ev.event[i].domid = 1;
			ev.event[i].type %= 8;
		}
	}
	memset(&batch, 0, sizeof(batch));
	if (hvwire_events(&ev.head, MOST, &batch))
		batch.nr = 0;
}

static void read_list(struct input *in, enum hv_list kind, uint8_t n, uint8_t folded)
{
	struct xen_nvdimm_record rec;
	uint32_t i;

	nr_list[kind] = 0;
	for (i = 0; i < n % MOST; i++) {
		take(in, &rec, sizeof(rec));
		if (folded & 4) {
			rec.mfn = fold(rec.mfn);
			rec.nr %= 2 * WORLD_NR;
			rec.state %= 4;
		}
		if (!hvwire_record(kind, &rec, &list[kind][nr_list[kind]]))
			nr_list[kind]++;
	}
}

static int fuzz_events(struct hv *hv, uint64_t ack_seq, struct hv_batch *ret)
{
	if (told)
		return real->events(hv, 0, ret);
	told = true;
	*ret = batch;
	return 0;
}

static int fuzz_list(struct hv *hv, enum hv_list kind, uint64_t *cursor, struct hv_record *rec, uint32_t *nr)
{
	if (!nr_list[kind])
		return real->list(hv, kind, cursor, rec, nr);
	*nr = NV_MIN(*nr, nr_list[kind]);
	memcpy(rec, list[kind], *nr * sizeof(*rec));
	*cursor = HV_LIST_END;
	return 0;
}

/* A pool, and a volume in a guest: both have something to lose. */
static void begin(void)
{
	world_init(&w);
	world_domain(&w, 1, true);
	if (world_boot(&w) || request_pool(&w, "namespace0.0", "") || request_volume(&w, "v", 4 * MIB) ||
	    request_map(&w, "v", 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct nv_why why = { "" };
	uint8_t head[4];

	take(&in, head, sizeof(head));
	read_events(&in, head[0], head[3]);
	read_list(&in, HV_LIST_BROKEN, head[1], head[3]);
	read_list(&in, HV_LIST_EXTENTS, head[2], head[3]);
	begin();
	real = w.hv->ops;
	ops = *real;
	ops.events = fuzz_events;
	ops.list = fuzz_list;
	w.hv->ops = &ops;
	told = false;
	world_faults(&w);
	w.hv->ops = real;
	if (ledger_check(w.nvd.ledger, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	/* The next start believes the hypervisor that is there. */
	if (!world_boot(&w))
		world_settle(&w);
	if (w.alive && ledger_check(w.nvd.ledger, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	world_deinit(&w);
	return 0;
}
