/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-hvwire.c - any bytes as the hypervisor's answers: records within limits, or -EPROTO.
 *
 * The first byte chooses the answer.
 */
#include <string.h>

#include "codec/hvwire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct xen_nvdimm_events head;
	struct xen_nvdimm_event event[HV_BATCH];
} events;
static struct hv_batch batch;

static void fuzz_events(const uint8_t *data, size_t size)
{
	uint32_t i;

	memset(&events, 0, sizeof(events));
	memcpy(&events, data, NV_MIN(size, sizeof(events)));
	if (hvwire_events(&events.head, HV_BATCH, &batch))
		return;
	for (i = 0; i < batch.nr; i++) {
		if (!batch.event[i].seq || (batch.event[i].spa >> 12) + batch.event[i].nr > 1ULL << 52)
			abort();
		if (i && batch.event[i].seq <= batch.event[i - 1].seq)
			abort();
	}
}

static void fuzz_record(enum hv_list kind, const uint8_t *data, size_t size)
{
	struct xen_nvdimm_record in = { 0 };
	struct hv_record r;

	memcpy(&in, data, NV_MIN(size, sizeof(in)));
	if (hvwire_record(kind, &in, &r))
		return;
	if (kind != HV_LIST_HOLDS && (!r.nr || r.mfn + r.nr > 1ULL << 52))
		abort();
	if (kind == HV_LIST_EXTENTS && (!r.map_id || r.done > r.nr))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xen_nvdimm_info info = { 0 };
	struct hv_info host;

	if (!size)
		return 0;
	switch (data[0] % 6) {
	case 0:
		fuzz_events(data + 1, size - 1);
		break;
	case 1:
		memcpy(&info, data + 1, NV_MIN(size - 1, sizeof(info)));
		if (!hvwire_info(&info, &host) && (!host.boot_id || host.max_order > 27))
			abort();
		break;
	default:
		fuzz_record((enum hv_list)(data[0] % 6 - 2), data + 1, size - 1);
		break;
	}
	return 0;
}
