/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/hv_mem_events.c - the memory hypervisor's events: what breaks, who dies.
 */
#include "adapter/hv_mem_int.h"

#include <string.h>

static void mem_push(struct hv_mem *m, struct hv_event ev)
{
	uint64_t one = 1;

	ev.seq = m->next_seq++;
	ev.time_ns = ev.seq * 1000;
	m->event[ev.seq % HV_MEM_EVENTS] = (struct mem_event){ .ev = ev };
	if (write(m->fd, &one, sizeof(one)) < 0)
		abort();
}

static void mem_break(struct hv_mem *m, uint64_t mfn, uint64_t nr, uint64_t status, uint32_t type, uint32_t flags)
{
	struct hv_record *e = hv_mem_extent(m, mfn, nr);
	struct hv_event ev = {
		.spa = mfn << 12,
		.nr = nr,
		.status = status,
		.type = type,
		.flags = flags,
		.domid = HV_NO_DOMAIN,
		.gfn = HV_NO_GFN,
		.vcpu = HV_NO_VCPU,
	};

	if (m->broken[mfn] && type == HV_EVENT_MCE)
		ev.flags |= HV_EVENTF_REPEAT;
	memset(m->broken + mfn, 1, nr * sizeof(*m->broken));
	if (e) {
		/* What is out of its reach already holds nobody. */
		if (!(ev.flags & HV_EVENTF_REPEAT))
			ev.flags |= HV_EVENTF_HELD;
		m->actions.held += (ev.flags & HV_EVENTF_HELD) != 0;
		ev.map_id = e->map_id;
		ev.domid = e->domid;
		ev.uuid = e->uuid;
		ev.gfn = e->gfn + (mfn - e->mfn);
	}
	mem_push(m, ev);
}

static bool mem_waits(const struct mem_event *e)
{
	return (e->ev.flags & HV_EVENTF_HELD) && !e->resolved;
}

int hv_mem_events(struct hv *hv, uint64_t ack_seq, struct hv_batch *ret)
{
	struct hv_mem *m = hv_mem(hv);
	uint64_t seq;

	for (seq = m->acked + 1; seq <= ack_seq && seq < m->next_seq; seq++)
		if (mem_waits(&m->event[seq % HV_MEM_EVENTS]))
			return -EBUSY;
	ack_seq = NV_MIN(ack_seq, m->next_seq - 1);
	m->acked = NV_MAX(m->acked, ack_seq);
	ret->lost = 0;
	ret->next_seq = m->next_seq;
	ret->nr = 0;
	for (seq = m->acked + 1; seq < m->next_seq && ret->nr < HV_BATCH; seq++) {
		ret->event[ret->nr] = m->event[seq % HV_MEM_EVENTS].ev;
		if (m->event[seq % HV_MEM_EVENTS].resolved)
			ret->event[ret->nr].flags |= HV_EVENTF_RESOLVED;
		ret->nr++;
	}
	ret->waiting = (uint32_t)(m->next_seq - seq);
	return 0;
}

int hv_mem_resolve(struct hv *hv, const struct hv_resolve *rs)
{
	struct hv_mem *m = hv_mem(hv);
	struct mem_event *e = &m->event[rs->seq % HV_MEM_EVENTS];

	if (rs->seq <= m->acked || rs->seq >= m->next_seq || !(e->ev.flags & HV_EVENTF_HELD))
		return -ESTALE;
	if (e->resolved)
		return -EALREADY;
	e->resolved = true;
	if (!hv_mem_alive(m, e->ev.domid, &e->ev.uuid)) {
		m->actions.gone++;
		return -ESRCH;
	}
	m->actions.vmce += rs->action == HV_VMCE;
	m->actions.crash += rs->action == HV_CRASH;
	m->actions.resume += rs->action == HV_RESUME;
	if (rs->action == HV_CRASH)
		hv_mem_domain(hv, e->ev.domid, &e->ev.uuid, false);
	return 0;
}

void hv_mem_domain(struct hv *hv, uint32_t domid, const struct nv_uuid *uuid, bool alive)
{
	struct hv_mem *m = hv_mem(hv);
	struct hv_record *e;
	uint32_t i;

	if (alive) {
		m->domain[m->nr_domains].held = false;
		m->domain[m->nr_domains].domid = domid;
		m->domain[m->nr_domains++].uuid = *uuid;
		return;
	}
	for (i = 0; i < m->nr_domains; i++)
		if (m->domain[i].domid == domid)
			m->domain[i--] = m->domain[--m->nr_domains];
	for (i = 0; i < m->nr_extents;) {
		e = &m->extent[i];
		if (e->domid != domid) {
			i++;
			continue;
		}
		mem_push(m, (struct hv_event){
				    .spa = e->mfn << 12,
				    .nr = e->nr,
				    .map_id = e->map_id,
				    .gfn = e->gfn,
				    .domid = domid,
				    .uuid = e->uuid,
				    .type = HV_EVENT_RELEASED,
				    .vcpu = HV_NO_VCPU,
			    });
		hv_mem_drop(m, e);
	}
}

void hv_mem_mce(struct hv *hv, uint64_t mfn, uint64_t nr, uint64_t status)
{
	mem_break(hv_mem(hv), mfn, nr, status, HV_EVENT_MCE, 0);
}

void hv_mem_push(struct hv *hv, const struct hv_event *ev)
{
	mem_push(hv_mem(hv), *ev);
}

bool hv_mem_touch(struct hv *hv, uint64_t mfn)
{
	if (!hv_mem_extent(hv_mem(hv), mfn, 1))
		return false;
	mem_break(hv_mem(hv), mfn, 1, 0, HV_EVENT_TOUCH, HV_EVENTF_GUEST);
	return true;
}

uint32_t hv_mem_unresolved(struct hv *hv)
{
	struct hv_mem *m = hv_mem(hv);
	uint32_t n = 0;
	uint64_t seq;

	for (seq = m->acked + 1; seq < m->next_seq; seq++)
		n += mem_waits(&m->event[seq % HV_MEM_EVENTS]);
	return n;
}

struct hv_mem_actions hv_mem_actions(struct hv *hv)
{
	return hv_mem(hv)->actions;
}
