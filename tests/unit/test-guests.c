/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-guests.c - the lists of what guests are to get.
 */
#include "core/guests.h"
#include "tests/lib/ledgers.h"

#define UUID_TEXT "3f0e7a52-8d3c-4c56-9a57-c1f6f9f0a7b1"
#define UUID_LOUD "3F0E7A52-8D3C-4C56-9A57-C1F6F9F0A7B1"

static void have_volumes(struct ledger *l, unsigned int nr,
			 struct volume *ret[])
{
	struct pool *p = have_pool(l, "ns", 4 * GIB, 1 * GIB);
	char name[12];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		ret[i] = have_volume(l, name, p, 16 * MIB);
	}
}

static int add(struct ledger *l, struct guest_request req, struct nv_why *why,
	       struct guest_device **ret)
{
	int r;

	if (!req.if_missing)
		req.if_missing = GUEST_WAIT;
	r = ledger_guest_add(l, &req, why, ret);
	check_ledger(l);
	return r;
}

static struct guest_device *must_add(struct ledger *l, const char *guest,
				     struct volume *v)
{
	struct nv_why why = { "" };
	struct guest_device *g;

	if (add(l, (struct guest_request){ .guest = guest, .volume = v }, &why,
		&g))
		fail_msg("%s", why.text);
	return g;
}

static void must_refuse(struct ledger *l, struct guest_request req, int code,
			const char *says)
{
	struct nv_why why = { "" };
	struct guest_device *g;
	int r = add(l, req, &why, &g);

	if (r != code)
		fail_msg("%d: %s", r, why.text);
	assert_string_equal(why.text, says);
}

static void test_a_guest_has_one_form_however_it_is_said(void **state)
{
	static const char *const same[][2] = {
		{ "db1", "name:db1" },
		{ "name:db1", "name:db1" },
		{ "name:17", "name:17" },
		{ UUID_TEXT, "uuid:" UUID_TEXT },
		{ UUID_LOUD, "uuid:" UUID_TEXT },
		{ "uuid:" UUID_LOUD, "uuid:" UUID_TEXT },
		{ "name:" UUID_LOUD, "name:" UUID_LOUD },
	};
	char kept[NV_OWNER_TEXT];
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(same); i++) {
		assert_int_equal(ledger_guest_parse(same[i][0], NULL, kept), 0);
		assert_string_equal(kept, same[i][1]);
	}
}

static void test_what_is_no_guest_is_refused(void **state)
{
	static const char *const none[] = {
		"", "17", "uuid:", "name:", "uuid:db1", "d\nb", "name:d\x7f",
	};
	char kept[NV_OWNER_TEXT] = "as it was", longest[400];
	struct nv_why why;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(none); i++)
		if (ledger_guest_parse(none[i], &why, kept) != NV_E_BAD_NAME)
			fail_msg("'%s' is a guest", none[i]);
	for (i = 1; i < sizeof(longest); i++) {
		memset(longest, 'x', i);
		longest[i] = '\0';
		if (ledger_guest_parse(longest, NULL, kept))
			break;
		assert_int_equal(strlen(kept), i + 5);
	}
	assert_int_equal(i, NV_OWNER_TEXT - 6);
}

static void test_numbers_fill_up_from_below(void **state)
{
	struct volume *v[4];
	struct ledger *l = *state;
	struct guest_device *g;
	struct nv_why why;

	have_volumes(l, 4, v);
	assert_int_equal(must_add(l, "db1", v[0])->fact.device, 0);
	assert_int_equal(add(l, (struct guest_request){ .guest = "db1",
							.volume = v[1],
							.has_device = true,
							.device = 2 },
			     &why, &g), 0);
	assert_int_equal(g->fact.device, 2);
	g = must_add(l, "db1", v[2]);
	assert_int_equal(g->fact.device, 1);
	assert_int_equal(must_add(l, "db1", v[3])->fact.device, 3);
	assert_int_equal(must_add(l, "db2", v[3])->fact.device, 0);
	ledger_guest_del(l, g);
	assert_int_equal(must_add(l, "db1", v[2])->fact.device, 1);
}

static void test_refusals_have_the_values(void **state)
{
	struct volume *v[3];
	struct ledger *l = *state;
	struct nv_why why;
	struct guest_device *g;

	have_volumes(l, 3, v);
	must_add(l, "db1", v[0]);
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[0] },
		    NV_E_LISTED,
		    "the volume v0 is device 0 of the guest name:db1 already");
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[1],
					       .has_device = true },
		    NV_E_DEVICE_TAKEN,
		    "device 0 of the guest name:db1 is the volume v0; the lowest free number is 1");
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[1],
					       .has_device = true,
					       .device = 64 },
		    NV_E_LIMIT, "device 64: the numbers are 0 to 63");
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[1],
					       .has_gpa = true,
					       .gpa = 64 * GIB + 4096 },
		    NV_E_BAD_ALIGNMENT,
		    "guest address 0x1000001000 is not aligned to 2 MiB: the nearest are 0x1000000000 and 0x1000200000");
	assert_int_equal(add(l, (struct guest_request){ .guest = "db1",
							.volume = v[1],
							.has_gpa = true,
							.gpa = 64 * GIB },
			     &why, &g), 0);
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[2],
					       .has_gpa = true,
					       .gpa = 64 * GIB + 14 * MIB },
		    NV_E_GFN_OCCUPIED,
		    "device 1 of the guest name:db1, the volume v1, is at guest addresses 0x1000000000 to 0x1000ffffff");
	ledger_set_owner(l, v[2], "name:db9");
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[2] },
		    NV_E_NOT_OWNER,
		    "the volume v2 belongs to name:db9 and would be refused to name:db1");
}

static void test_an_owners_uuid_may_be_that_of_a_guest_known_by_name(void **state)
{
	struct volume *v[2];
	struct ledger *l = *state;

	have_volumes(l, 2, v);
	ledger_set_owner(l, v[0], "uuid:" UUID_LOUD);
	must_add(l, "db1", v[0]);
	must_add(l, UUID_TEXT, v[0]);
	must_refuse(l,
		    (struct guest_request){
			    .guest = "00112233-4455-6677-8899-aabbccddeeff",
			    .volume = v[0] },
		    NV_E_NOT_OWNER,
		    "the volume v0 belongs to uuid:" UUID_TEXT
		    " and would be refused to uuid:00112233-4455-6677-8899-aabbccddeeff");
}

static void test_sixty_four_devices_and_no_more(void **state)
{
	struct ledger *l = *state;
	struct pool *p = have_pool(l, "ns", 4 * GIB, 1 * GIB);
	struct volume *v = NULL;
	unsigned int i;
	char name[12];

	for (i = 0; i <= GUEST_DEVICES; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		v = have_volume(l, name, p, 2 * MIB);
		if (i < GUEST_DEVICES)
			assert_int_equal(must_add(l, "db1", v)->fact.device, i);
	}
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v },
		    NV_E_LIMIT,
		    "the guest name:db1 has 64 devices already, the most that fit");
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v,
					       .has_device = true },
		    NV_E_LIMIT,
		    "the guest name:db1 has 64 devices already, the most that fit");
}

/* What a domain gets, as "0:v0 1:v1 ". */
static const char *gets(struct ledger *l, const char *uuid_text,
			const char *name, char buf[100])
{
	struct guest_device *g = NULL;
	struct nv_uuid uuid;
	size_t at = 0;

	assert_int_equal(nv_uuid_parse(uuid_text, &uuid), 0);
	buf[0] = '\0';
	while ((g = ledger_guest_of(l, &uuid, name, g)))
		at += (size_t)snprintf(buf + at, 100 - at, "%u:%s ",
				       g->fact.device, g->volume->fact.name);
	return buf;
}

static void test_a_domain_gets_the_lists_of_its_uuid_and_of_its_name(void **state)
{
	const char *other = "00112233-4455-6677-8899-aabbccddeeff";
	struct volume *v[5];
	struct ledger *l = *state;
	char buf[100];

	have_volumes(l, 5, v);
	must_add(l, "db1", v[0]);
	must_add(l, "db1", v[1]);
	must_add(l, "db1", v[2]);
	must_add(l, UUID_TEXT, v[3]);
	must_add(l, "db2", v[4]);
	assert_string_equal(gets(l, other, "db1", buf), "0:v0 1:v1 2:v2 ");
	assert_string_equal(gets(l, other, "db2", buf), "0:v4 ");
	assert_string_equal(gets(l, other, "", buf), "");
	assert_string_equal(gets(l, UUID_TEXT, "", buf), "0:v3 ");
	assert_string_equal(gets(l, UUID_TEXT, "db2", buf), "0:v3 ");
	assert_string_equal(gets(l, UUID_TEXT, "db1", buf), "1:v1 2:v2 0:v3 ");
	must_add(l, UUID_TEXT, v[2]);
	assert_string_equal(gets(l, UUID_TEXT, "db1", buf), "0:v3 1:v2 ");
}

static void test_a_listed_volume_is_not_deleted(void **state)
{
	struct volume *v[1];
	struct ledger *l = *state;
	struct guest_device *g;
	struct nv_why why;

	have_volumes(l, 1, v);
	g = must_add(l, "db1", v[0]);
	assert_int_equal(ledger_delete_begin(l, v[0], &why), NV_E_LISTED);
	assert_string_equal(why.text,
			    "the guest name:db1 is to get the volume v0 as device 0, so it cannot be deleted");
	assert_int_equal(v[0]->fact.state, VOLUME_READY);
	ledger_guest_del(l, g);
	assert_int_equal(ledger_delete_begin(l, v[0], &why), 0);
	must_refuse(l, (struct guest_request){ .guest = "db1", .volume = v[0] },
		    NV_E_VOLUME_BUSY, "the volume v0 is being deleted");
	ledger_delete_done(l, v[0]);
}

static void test_a_device_is_found_by_its_volume_or_its_number(void **state)
{
	struct volume *v[2];
	struct ledger *l = *state;
	struct guest_device *g, *found;
	char uuid[NV_UUID_TEXT];
	struct nv_why why;

	have_volumes(l, 2, v);
	must_add(l, "db0", v[0]);
	g = must_add(l, "db1", v[0]);
	assert_int_equal(ledger_guest_find(l, "db1", "v0", 0, &why, &found), 0);
	assert_ptr_equal(found, g);
	nv_uuid_print(&v[0]->fact.uuid, uuid);
	assert_int_equal(ledger_guest_find(l, "name:db1", uuid, 9, &why,
					   &found), 0);
	assert_ptr_equal(found, g);
	assert_int_equal(ledger_guest_find(l, "db1", NULL, 0, &why, &found), 0);
	assert_ptr_equal(found, g);
	assert_int_equal(ledger_guest_find(l, "db1", "", 1, &why, &found),
			 NV_E_NO_DEVICE);
	assert_string_equal(why.text,
			    "the guest name:db1 has no device 1 on its list");
	assert_int_equal(ledger_guest_find(l, "db1", "v1", 0, &why, &found),
			 NV_E_NO_DEVICE);
	assert_string_equal(why.text,
			    "the volume v1 is not on the list of the guest name:db1");
	assert_int_equal(ledger_guest_find(l, "db1", "v9", 0, &why, &found),
			 NV_E_NO_VOLUME);
}

static void test_a_book_that_makes_no_sense_is_refused(void **state)
{
	struct guest_fact good = { .guest = "name:db1", .device = 1,
				   .if_missing = GUEST_RUN,
				   .gfn = NV_NO_FRAME }, f;
	struct volume *v[1];
	struct ledger *l = *state;
	struct nv_why why;

	have_volumes(l, 1, v);
	good.volume = v[0]->fact.uuid;
	f = good;
	f.volume = uuid_of(99);
	assert_int_equal(ledger_guest_load(l, &f, &why), NV_E_BAD_BOOK);
	f = good;
	f.device = GUEST_DEVICES;
	assert_int_equal(ledger_guest_load(l, &f, &why), NV_E_BAD_BOOK);
	f = good;
	f.if_missing = 0;
	assert_int_equal(ledger_guest_load(l, &f, &why), NV_E_BAD_BOOK);
	f = good;
	strcpy(f.guest, "uuid:" UUID_LOUD);
	assert_int_equal(ledger_guest_load(l, &f, &why), NV_E_BAD_BOOK);
	strcpy(f.guest, "17");
	assert_int_equal(ledger_guest_load(l, &f, &why), NV_E_BAD_BOOK);
	assert_int_equal(ledger_guest_load(l, &good, &why), 0);
	assert_int_equal(ledger_guest_load(l, &good, &why), NV_E_BAD_BOOK);
	assert_ptr_equal(ledger_guest_next(l, NULL)->volume, v[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_a_guest_has_one_form_however_it_is_said),
		LEDGER_TEST(test_what_is_no_guest_is_refused),
		LEDGER_TEST(test_numbers_fill_up_from_below),
		LEDGER_TEST(test_refusals_have_the_values),
		LEDGER_TEST(test_an_owners_uuid_may_be_that_of_a_guest_known_by_name),
		LEDGER_TEST(test_sixty_four_devices_and_no_more),
		LEDGER_TEST(test_a_domain_gets_the_lists_of_its_uuid_and_of_its_name),
		LEDGER_TEST(test_a_listed_volume_is_not_deleted),
		LEDGER_TEST(test_a_device_is_found_by_its_volume_or_its_number),
		LEDGER_TEST(test_a_book_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
