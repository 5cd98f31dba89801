/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show-guest.c - what guests get whenever they start.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/size.h"
#include "cli/table.h"
#include "cli/verbs.h"

static enum term_style state_style(enum view_guest_state s)
{
	switch (s) {
	case VIEW_GUEST_MAPPED:
		return TERM_GOOD;
	case VIEW_GUEST_REFUSED:
		return TERM_BAD;
	case VIEW_GUEST_WAITING:
		return TERM_NOTE;
	default:
		return TERM_DIM;
	}
}

static void guest_row(struct table *t, const struct view_guest_device *g)
{
	char text[NV_SIZE_TEXT];

	table_row(t);
	table_set(t, 0, TERM_BOLD, "%s", g->guest);
	table_set(t, 1, TERM_PLAIN, "%u", g->device);
	table_set(t, 2, TERM_PLAIN, "%s", g->volume);
	table_set(t, 3, TERM_PLAIN, "%s", nv_size_print(g->size, text));
	if (g->has_gpa)
		table_set(t, 4, TERM_PLAIN, "%#" PRIx64, g->gpa);
	else
		table_set(t, 4, TERM_DIM, "chosen");
	table_set(t, 5, TERM_PLAIN, "%s", view_if_missing_word(g->if_missing));
	if (g->has_domid)
		table_set(t, 6, TERM_PLAIN, "%u", g->domid);
	else
		table_set(t, 6, TERM_DIM, "-");
	table_set(t, 7, state_style(g->state), "%s", view_guest_state_word(g->state));
}

static void guest_table(struct ctl *x, FILE *f, const struct view_guests *g)
{
	static const struct table_column columns[] = {
		{ "GUEST", TABLE_LEFT, 12 },  { "N", TABLE_RIGHT, 0 },
		{ "VOLUME", TABLE_LEFT, 8 },  { "SIZE", TABLE_RIGHT, 0 },
		{ "GPA", TABLE_RIGHT, 0 },    { "IF MISSING", TABLE_LEFT, 0 },
		{ "DOMAIN", TABLE_RIGHT, 0 }, { "STATE", TABLE_LEFT, 0 },
	};
	struct table t;
	size_t i;

	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; i < g->n; i++)
		guest_row(&t, &g->v[i]);
	table_print(&t, f);
	table_deinit(&t);
	for (i = 0; i < g->n; i++)
		if (g->v[i].reason[0])
			fprintf(f, "  %s, device %u: %s\n", g->v[i].guest, g->v[i].device,
				g->v[i].reason);
}

void show_guests(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_guests *g = &((const struct wire_guests *)reply)->devices;

	if (!g->n) {
		fprintf(f, "%s. Put a volume on its list with 'nvctl guest add GUEST VOLUME'.\n",
			x->n_args ? "The guest gets nothing" : "No guest gets anything");
		return;
	}
	guest_table(x, f, g);
}

void show_guest(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_guest *g = &((const struct wire_guest *)reply)->guest;

	guest_table(x, f, &g->devices);
	if (g->no_firmware[0]) {
		fprintf(f, "An HVM guest cannot be told of this: %s.\n", g->no_firmware);
		return;
	}
	fprintf(f, "If it is an HVM guest, this line in its xl configuration tells it:\n\n"
		"    acpi_firmware = \"%s\"\n", g->acpi_firmware);
}

void show_guest_added(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_guest_device *g = &((const struct wire_guest_device *)reply)->device;
	char size[VIEW_NAME];

	fprintf(f, "The guest %s gets volume %s, %s, as device %u whenever it starts%s.\n",
		g->guest, g->volume, show_size(g->size, size), g->device,
		g->if_missing == VIEW_IF_MISSING_RUN ? ", and runs without if it cannot" :
						       ", and waits if it cannot");
	if (g->has_domid)
		fprintf(f, "Domain %u is there already and gets it now, if it can: see 'nvctl guest list'.\n",
			g->domid);
}

void show_guest_removed(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_guest_device *g = &((const struct wire_guest_device *)reply)->device;

	fprintf(f, "The guest %s does not get volume %s any more when it starts.\n",
		g->guest, g->volume);
	if (g->state == VIEW_GUEST_MAPPED)
		fprintf(f, "Domain %u has it until it ends, or until 'nvctl unmap %s'.\n",
			g->domid, g->volume);
}
