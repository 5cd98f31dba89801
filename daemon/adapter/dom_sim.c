/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/dom_sim.c - the domains of a simulated host, through simctl.
 */
#include "adapter/dom_sim.h"

#include <string.h>

#include "shim-hypercall/lib/simctl.h"

struct dom_sim {
	struct dom dom;
	struct simctl *ctl;
	char path[256];
	/* The list as it was when somebody began to walk it. */
	struct simctl_domain *list;
	size_t nr;
};

static struct dom_sim *dom_sim(struct dom *dom)
{
	return nv_container_of(dom, struct dom_sim, dom);
}

static int sim_connect(struct dom_sim *s)
{
	return s->ctl ? 0 : simctl_open(s->path, &s->ctl);
}

static int sim_read(struct dom_sim *s)
{
	struct simctl_domain *list;
	size_t nr;
	int r;

	r = sim_connect(s);
	if (r)
		return r;
	r = simctl_domains(s->ctl, &list, &nr);
	if (r) {
		/* The simulator may have been started anew: connect again next time. */
		s->ctl = simctl_close(s->ctl);
		return r;
	}
	free(s->list);
	s->list = list;
	s->nr = nr;
	return 0;
}

static void sim_info(const struct simctl_domain *in, struct dom_info *ret)
{
	static const enum dom_type types[] = {
		[SIMCTL_PV] = DOM_PV,
		[SIMCTL_PVH] = DOM_PVH,
		[SIMCTL_HVM] = DOM_HVM,
	};

	*ret = (struct dom_info){
		.domid = in->domid,
		.type = types[in->type],
		.hap = in->hap,
		.dying = in->state == SIMCTL_DYING,
		.has_run = in->ran,
		.address_bits = in->address_bits,
	};
	memcpy(ret->uuid.b, in->handle, sizeof(ret->uuid.b));
	memcpy(ret->name, in->name, sizeof(ret->name) - 1);
}

static int sim_find(const struct dom_sim *s, uint32_t from, struct dom_info *ret)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		if (s->list[i].domid < from)
			continue;
		sim_info(&s->list[i], ret);
		return 0;
	}
	return -ESRCH;
}

static int sim_get(struct dom *dom, uint32_t domid, struct dom_info *ret)
{
	struct dom_sim *s = dom_sim(dom);
	struct simctl_domain d;
	int r;

	r = sim_connect(s);
	if (r)
		return r;
	r = simctl_domain(s->ctl, domid, &d);
	if (!r)
		sim_info(&d, ret);
	else if (r != -ESRCH)
		s->ctl = simctl_close(s->ctl);
	return r;
}

static int sim_next(struct dom *dom, uint32_t from, struct dom_info *ret)
{
	int r = from ? 0 : sim_read(dom_sim(dom));

	return r ? r : sim_find(dom_sim(dom), from, ret);
}

static void sim_free(struct dom *dom)
{
	struct dom_sim *s = dom_sim(dom);

	simctl_close(s->ctl);
	free(s->list);
	free(s);
}

static const struct dom_ops sim_ops = { .get = sim_get, .next = sim_next, .free = sim_free };

int dom_sim_open(const char *path, struct dom **ret)
{
	struct dom_sim *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->dom.ops = &sim_ops;
	if (strlen(path) >= sizeof(s->path)) {
		free(s);
		return -ENAMETOOLONG;
	}
	strcpy(s->path, path);
	r = sim_read(s);
	if (r) {
		sim_free(&s->dom);
		return r;
	}
	*ret = &s->dom;
	return 0;
}
