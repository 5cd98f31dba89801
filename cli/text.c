/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/text.c - results for people: words, tables, a progress line.
 */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "cli/ctl.h"
#include "cli/table.h"

#define PROGRESS_BAR 24

/*
 * Make every text of the struct @s safe to print, in place. Names of domains
 * come from guests' administrators, and no byte of theirs may reach the
 * terminal as anything but a letter.
 */
static void make_safe(const struct term *term, const struct fields *t, void *s)
{
	char safe[VIEW_TEXT * 2], *base = s, *items;
	const struct field *f;
	size_t i, k, n;

	for (i = 0; i < t->n; i++) {
		f = &t->field[i];
		if (f->kind == FIELD_TEXT) {
			term_text(term, base + f->at, safe, sizeof(safe));
			view_text_set(base + f->at, f->size, safe);
		} else if (f->kind == FIELD_STRUCT) {
			make_safe(term, f->table, base + f->at);
		} else if (f->kind == FIELD_LIST || f->kind == FIELD_TEXT_LIST) {
			const struct field text = { .kind = FIELD_TEXT, .size = f->size };
			const struct fields one = { .size = f->size, .field = &text, .n = 1 };
			const struct fields *item = f->table ? f->table : &one;

			items = *(char **)(base + f->at);
			n = *(size_t *)(base + f->count_at);
			for (k = 0; k < n; k++)
				make_safe(term, item, items + k * item->size);
		}
	}
}

static void end_progress(struct ctl *x)
{
	if (x->progress_shown)
		fputs("\r\033[K", x->err);
	x->progress_shown = false;
}

static void text_result(struct ctl *x, const struct fields *t,
			const void *reply)
{
	end_progress(x);
	/* the reply is ours, and nobody reads it after this */
	make_safe(&x->term, t, (void *)reply);
	x->verb->show(x, x->out, reply);
}

static void text_refusal(struct ctl *x, int r)
{
	char safe[VIEW_TEXT * 2];
	const struct term *t = &x->err_term;

	end_progress(x);
	if (!x->why.text[0])
		snprintf(x->why.text, sizeof(x->why.text), "%s",
			 r < 0 ? strerror(-r) : "it failed");
	fprintf(x->err, "%snvctl:%s %s\n", term_on(t, TERM_BAD),
		term_off(t, TERM_BAD),
		term_text(t, x->why.text, safe, sizeof(safe)));
	if (x->hint[0])
		fprintf(x->err, "  %s\n",
			term_text(t, x->hint, safe, sizeof(safe)));
}

static void text_progress(struct ctl *x, const struct view_progress *p)
{
	char done[NV_SIZE_TEXT], total[NV_SIZE_TEXT], bar[PROGRESS_BAR + 1];
	char step[VIEW_NAME];
	unsigned int filled = 0, percent = 0;

	if (!x->err_term.columns || !isatty(fileno(x->err)))
		return;
	if (p->total) {
		filled = (unsigned int)((unsigned __int128)NV_MIN(p->done, p->total) * PROGRESS_BAR / p->total);
		percent = (unsigned int)((unsigned __int128)NV_MIN(p->done, p->total) * 100 / p->total);
	}
	memset(bar, 'm', filled);
	memset(bar + filled, 'f', PROGRESS_BAR - filled);
	bar[PROGRESS_BAR] = '\0';
	fputc('\r', x->err);
	bar_print(&x->err_term, x->err, bar, PROGRESS_BAR);
	fprintf(x->err, " %3u%%  %s  %s of %s\033[K", percent,
		term_text(&x->err_term, p->step, step, sizeof(step)),
		nv_size_print(p->done, done), nv_size_print(p->total, total));
	fflush(x->err);
	x->progress_shown = true;
}

const struct output output_text = {
	.result = text_result,
	.refusal = text_refusal,
	.progress = text_progress,
};
