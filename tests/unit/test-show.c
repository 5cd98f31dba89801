/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-show.c - nvctl's output, letter by letter, against tests/golden.
 *
 * Each case is a reply and a terminal. To take over what is printed now as
 * right: NV_GOLDEN=write tests/unit/test-show, then read the difference.
 */
#include "cli/ctl.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "tests/lib/cm.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define SPA 0x140000000ull
#define EVIL "evil\033]0;pwned\007\xc2\x9b" "31m\xe2\x80\xae\xff"

static const struct term pipe_ascii = { 0, false, false, false };
static const struct term narrow = { 60, false, false, false };
static const struct term ascii80 = { 80, false, false, false };
static const struct term fancy80 = { 80, true, true, true };
static const struct term plain100 = { 100, true, true, false };

/* ---- the host that is shown ---- */

static void fill_pool(struct view_pool *p, const char *name, uint64_t spa,
		      const char *map)
{
	*p = (struct view_pool){
		.state = VIEW_POOL_ONLINE,
		.spa = spa,
		.size = 4 * GIB,
		.free = 1536 * MIB,
		.largest_free = GIB,
		.allocated = 2560 * MIB,
		.mapped = 2 * GIB,
		.bad = 8192,
		.volumes = 3,
		.numa_node = 0,
	};
	view_text_set(p->name, sizeof(p->name), name);
	strcpy(p->uuid, "0f5e9b3a-7d55-4a53-8f5c-d2a1c1b0e6aa");
	strcpy(p->device, "namespace0.0");
	strcpy(p->region, "region0");
	strcpy(p->persistence_domain, "memory_controller");
	view_text_set(p->map, sizeof(p->map), map);
}

static void fill_mapping(struct view_mapping *m, const char *volume,
			 const char *domain, uint32_t domid)
{
	*m = (struct view_mapping){
		.domid = domid,
		.spa = SPA,
		.gpa = 0x3fc0000000ull,
		.size = 2 * GIB,
		.state = VIEW_MAPPING_MAPPED,
	};
	view_text_set(m->volume, sizeof(m->volume), volume);
	strcpy(m->pool, "fast");
	view_text_set(m->domain, sizeof(m->domain), domain);
	strcpy(m->domain_uuid, "5b1d0c1e-1111-4222-8333-444455556666");
	assert_int_equal(view_mapping_add_id(m, 0x1f), 0);
}

static void fill_volume(struct view_volume *v, const char *name,
			const char *owner)
{
	struct view_extent *e;

	*v = (struct view_volume){
		.size = 2 * GIB + 512 * MIB,
		.align = 2 * MIB,
		.bad = 4096,
		.created = 1795348800000000ull,
	};
	view_text_set(v->name, sizeof(v->name), name);
	strcpy(v->uuid, "3e1d0c1e-aaaa-4bbb-8ccc-ddddeeeeffff");
	strcpy(v->pool, "fast");
	view_text_set(v->owner, sizeof(v->owner), owner);
	e = view_volume_add_extent(v);
	*e = (struct view_extent){ 0, SPA, 2 * GIB, 4096 };
	e = view_volume_add_extent(v);
	*e = (struct view_extent){ 3 * GIB, SPA + 3 * GIB, 512 * MIB, 0 };
}

static void fill_event(struct view_event *e, uint64_t id, enum view_severity s,
		       const char *text)
{
	*e = (struct view_event){
		.id = id,
		.time = 1795348800000000ull + id * 61000000,
		.severity = s,
	};
	strcpy(e->kind, "fault");
	view_text_set(e->text, sizeof(e->text), text);
}

static void make_status(void *reply)
{
	struct view_status *s = &((struct wire_status *)reply)->status;
	struct view_pool *p;
	struct view_hold *h;

	s->api = 1;
	strcpy(s->version, "0.1.0");
	s->started = 1795348800000000ull;
	s->state = VIEW_DAEMON_DEGRADED;
	strcpy(s->text, "2 pools, 1 missing; 2 mappings");
	view_text_set(view_status_add_alarm(s)->text, VIEW_TEXT,
		      "the pool slow is missing: no namespace has its UUID");
	s->hypervisor = (struct view_hypervisor){
		.transport = "xen", .boot_id = 0xfeedfacecafebeefull,
		.abi = 1, .regions = 2, .max_extents = 4096, .extents = 3,
		.deadline_ms = 10000,
	};
	fill_pool(view_pools_add(&s->pools), "fast", SPA,
		  "mmmmmmmmmmmmmmmmmmmmmmmmmmmmbmmmvvvvvvvvfffffffffffffffffffffff");
	p = view_pools_add(&s->pools);
	fill_pool(p, "slow", SPA + 4 * GIB, "");
	p->state = VIEW_POOL_MISSING;
	strcpy(p->reason, "no namespace has the UUID 0f5e9b3a-7d55-4a53-8f5c-d2a1c1b0e6aa");
	p->free = p->mapped = p->bad = 0;
	fill_mapping(view_mappings_add(&s->mappings), "db", "web1", 3);
	fill_mapping(view_mappings_add(&s->mappings), "", EVIL, 17);
	h = view_status_add_hold(s);
	h->domid = 3;
	strcpy(h->domain, "web1");
	h->fault = true;
}

static void make_status_empty(void *reply)
{
	struct view_status *s = &((struct wire_status *)reply)->status;

	s->api = 1;
	strcpy(s->version, "0.1.0");
	s->started = 1795348800000000ull;
	s->state = VIEW_DAEMON_RUNNING;
	s->hypervisor.simulated = true;
	s->hypervisor.max_extents = 4096;
	s->hypervisor.deadline_ms = 10000;
}

static void make_pools(void *reply)
{
	struct wire_pools *p = reply;
	struct view_candidate *c;

	fill_pool(view_pools_add(&p->pools), "fast", SPA, "mmmmvvvvffffb");
	p->pools.v[0].numa_node = -1;
	c = view_candidates_add(&p->candidates);
	*c = (struct view_candidate){ .spa = SPA + 4 * GIB, .size = 2 * GIB,
				      .usable = true };
	strcpy(c->device, "namespace1.0");
	strcpy(c->mode, "raw");
	strcpy(c->region, "region1");
	c = view_candidates_add(&p->candidates);
	*c = (struct view_candidate){ .spa = SPA + 6 * GIB, .size = 2 * GIB,
				      .bad = 4096 };
	strcpy(c->device, "namespace1.1");
	strcpy(c->mode, "fsdax");
	strcpy(c->region, "region1");
	strcpy(c->reason, "/dev/pmem1.1 is mounted on /srv/data");
}

static void make_volumes(void *reply)
{
	struct view_volumes *v = &((struct wire_volumes *)reply)->volumes;
	struct view_volume *one;

	fill_volume(view_volumes_add(v), "zz-last", "");
	one = view_volumes_add(v);
	fill_volume(one, "db", "uuid:5b1d0c1e-1111-4222-8333-444455556666");
	one->has_mapping = true;
	fill_mapping(&one->mapping, "db", "web1", 3);
	one = view_volumes_add(v);
	fill_volume(one, "a-volume-whose-name-is-as-long-as-the-rule-allows-it-to-be-ok1", "name:b\xc3\xa4r");
	one->state = VIEW_VOLUME_DELETING;
	one->bad = 0;
}

static void make_nothing(void *reply)
{
}

static void make_volume(void *reply)
{
	struct view_volume *v = &((struct wire_volume *)reply)->volume;

	fill_volume(v, "db", "name:web1");
	v->has_mapping = true;
	fill_mapping(&v->mapping, "db", "web1", 3);
}

static void make_mapped(void *reply)
{
	struct wire_mapping_done *m = reply;

	m->finished = m->has_mapping = true;
	fill_mapping(&m->mapping, "db", EVIL, 3);
	m->mapping.bad = 4096;
}

static void make_created(void *reply)
{
	struct wire_volume_done *v = reply;

	v->finished = v->has_volume = true;
	fill_volume(&v->volume, "db", "name:web1");
}

static void make_events(void *reply)
{
	struct view_events *e = &((struct wire_events *)reply)->events;
	struct view_event *one;

	fill_event(view_events_add(e), 7, VIEW_SEVERITY_INFO, "volume db created");
	one = view_events_add(e);
	fill_event(one, 8, VIEW_SEVERITY_ERROR, "uncorrected memory error in volume db; web1 was told");
	one->has_place = true;
	one->place = (struct view_place){
		.spa = SPA + 0x5000, .size = 4096, .region_offset = 0x5000,
		.volume_offset = 0x5000, .in_domain = true, .domid = 3,
		.gpa = 0x3fc0005000ull,
	};
	strcpy(one->place.region, "region0");
	strcpy(one->place.pool, "fast");
	strcpy(one->place.volume, "db");
	strcpy(one->place.domain, "web1");
	strcpy(one->status, "0xbd000000000000c0");
	strcpy(one->action, "vmce");
	strcpy(one->next, "nvctl volume show db");
	fill_event(view_events_add(e), 9, VIEW_SEVERITY_ALARM, "line one\nline two " EVIL);
	e->more = true;
}

static void make_why(void *reply)
{
	struct wire_events all = {};
	struct view_why *w = reply;

	make_events(&all);
	w->place = all.events.v[1].place;
	w->bad = 4096;
	w->state = VIEW_PLACE_MAPPED;
	w->events = all.events;
}

/* ---- cases ---- */

static const struct {
	const char *file, *verb;
	const struct term *term; /* NULL: JSON */
	void (*make)(void *reply);
} cases[] = {
	{ "status-80", "status", &ascii80, make_status },
	{ "status-80-colour", "status", &fancy80, make_status },
	{ "status-100-no-colour", "status", &plain100, make_status },
	{ "status-60", "status", &narrow, make_status },
	{ "status-pipe", "status", &pipe_ascii, make_status },
	{ "status-json", "status", NULL, make_status },
	{ "status-empty", "status", &ascii80, make_status_empty },
	{ "status-empty-json", "status", NULL, make_status_empty },
	{ "pool-list-80", "pool list", &ascii80, make_pools },
	{ "pool-list-json", "pool list", NULL, make_pools },
	{ "pool-list-empty", "pool list", &ascii80, make_nothing },
	{ "pool-list-empty-json", "pool list", NULL, make_nothing },
	{ "volume-list-80", "volume list", &ascii80, make_volumes },
	{ "volume-list-60", "volume list", &narrow, make_volumes },
	{ "volume-list-100", "volume list", &plain100, make_volumes },
	{ "volume-list-pipe", "volume list", &pipe_ascii, make_volumes },
	{ "volume-list-json", "volume list", NULL, make_volumes },
	{ "volume-list-empty", "volume list", &ascii80, make_nothing },
	{ "volume-list-empty-json", "volume list", NULL, make_nothing },
	{ "volume-show-80", "volume show", &ascii80, make_volume },
	{ "volume-show-json", "volume show", NULL, make_volume },
	{ "volume-create", "volume create", &ascii80, make_created },
	{ "volume-create-json", "volume create", NULL, make_created },
	{ "map", "map", &plain100, make_mapped },
	{ "map-json", "map", NULL, make_mapped },
	{ "unmap", "unmap", &ascii80, make_nothing },
	{ "unmap-json", "unmap", NULL, make_nothing },
	{ "events-80", "events", &ascii80, make_events },
	{ "events-colour", "events", &fancy80, make_events },
	{ "events-json", "events", NULL, make_events },
	{ "why", "why", &ascii80, make_why },
	{ "why-json", "why", NULL, make_why },
	{ "why-nothing", "why", &ascii80, make_nothing },
	{ "events-empty", "events", &ascii80, make_nothing },
};

static const struct verb *find(const char *name)
{
	const struct verb *v;
	size_t n;

	for (v = verbs(&n); n; v++, n--)
		if (!strcmp(v->name, name))
			return v;
	fail_msg("no verb %s", name);
	return NULL;
}

static char *print(const char *verb, const struct term *term,
		   void (*make)(void *reply))
{
	struct ctl x = {
		.output = term ? &output_text : &output_json,
		.verb = find(verb),
		.err = stderr,
	};
	const struct fields *t = wire_method(x.verb->method)->reply;
	void *reply = calloc(1, t->size + 1);
	char *text = NULL;
	size_t size;

	if (term)
		x.term = *term;
	x.out = open_memstream(&text, &size);
	make(reply);
	x.output->result(&x, t, reply);
	fclose(x.out);
	fields_release(t, reply);
	free(reply);
	return text;
}

static void golden_path(const char *file, char *path, size_t size)
{
	const char *srcdir = getenv("srcdir");

	snprintf(path, size, "%s/tests/golden/%s.txt", srcdir ? srcdir : ".",
		 file);
}

static void compare(const char *file, const char *text)
{
	const char *mode = getenv("NV_GOLDEN");
	static char want[65536];
	char path[4096];
	FILE *f;

	golden_path(file, path, sizeof(path));
	if (mode && !strcmp(mode, "write")) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is missing", path);
	want[fread(want, 1, sizeof(want) - 1, f)] = '\0';
	fclose(f);
	if (strcmp(want, text))
		fail_msg("%s differs; now it is:\n%s", path, text);
}

static void test_every_case_prints_as_its_golden_file(void **state)
{
	char *text;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		text = print(cases[i].verb, cases[i].term, cases[i].make);
		compare(cases[i].file, text);
		free(text);
	}
}

static void test_no_line_is_wider_than_the_terminal(void **state)
{
	char *text, *line, *save;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		/* tables must fit; sentences may wrap */
		if (!cases[i].term || !cases[i].term->columns ||
		    cases[i].term->colour)
			continue;
		text = print(cases[i].verb, cases[i].term, cases[i].make);
		for (line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (line[0] == ' ' && line[1] == ' ' && !strchr(line, ':') &&
			    term_width(cases[i].term, line) > NV_MAX(cases[i].term->columns, 80u))
				fail_msg("%s: %u columns: %s", cases[i].file,
					 term_width(cases[i].term, line), line);
		free(text);
	}
}

static void test_nothing_that_a_terminal_obeys_is_printed(void **state)
{
	const unsigned char *s;
	char *text;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		if (cases[i].term && cases[i].term->colour)
			continue;
		text = print(cases[i].verb, cases[i].term, cases[i].make);
		for (s = (unsigned char *)text; *s; s++) {
			assert_false((*s < 0x20 && *s != '\n') || *s == 0x7f);
			assert_false(s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
			assert_false(s[0] == 0xe2 && s[1] == 0x80 && s[2] == 0xae);
		}
		free(text);
	}
}

/* With colours: only the sequences that term.c has. */
static void test_colours_end_where_they_began(void **state)
{
	char *text = print("status", &fancy80, make_status), *s;
	int on = 0, off = 0;

	for (s = text; (s = strchr(s, '\033')); s++) {
		assert_int_equal(s[1], '[');
		if (s[2] == '0')
			off++;
		else
			on++;
	}
	assert_true(on > 4);
	assert_int_equal(on, off);
	free(text);
}

static void test_a_bar_shows_one_bad_page_at_any_width(void **state)
{
	char map[VIEW_CELLS + 1], *text;
	unsigned int width, bad;
	size_t size;
	FILE *f;

	for (width = 1; width <= 100; width++) {
		for (bad = 0; bad < VIEW_CELLS; bad++) {
			memset(map, 'f', VIEW_CELLS);
			map[VIEW_CELLS] = '\0';
			map[bad] = 'b';
			f = open_memstream(&text, &size);
			bar_print(&ascii80, f, map, width);
			fclose(f);
			assert_int_equal(size, width);
			assert_non_null(strchr(text, 'X'));
			free(text);
		}
	}
}

static void test_text_is_cut_at_a_letter(void **state)
{
	char text[64];

	strcpy(text, "b\xc3\xa4rb\xc3\xa4r");
	term_cut(&plain100, text, sizeof(text), 5);
	assert_string_equal(text, "b\xc3\xa4rb\xe2\x80\xa6");
	strcpy(text, "barbar");
	term_cut(&ascii80, text, sizeof(text), 5);
	assert_string_equal(text, "ba...");
	term_cut(&ascii80, text, sizeof(text), 5);
	assert_string_equal(text, "ba...");
	/* a letter two columns wide does not fit in one */
	strcpy(text, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	assert_int_equal(term_width(&plain100, text), 6);
	term_cut(&plain100, text, sizeof(text), 4);
	assert_string_equal(text, "\xe6\x97\xa5\xe2\x80\xa6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_case_prints_as_its_golden_file),
		cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
		cmocka_unit_test(test_nothing_that_a_terminal_obeys_is_printed),
		cmocka_unit_test(test_colours_end_where_they_began),
		cmocka_unit_test(test_a_bar_shows_one_bad_page_at_any_width),
		cmocka_unit_test(test_text_is_cut_at_a_letter),
	};

	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
