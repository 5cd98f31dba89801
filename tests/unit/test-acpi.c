/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-acpi.c - the tables say what the list says, and what cannot be is refused.
 */
#include "tests/lib/cm.h"

#include <string.h>

#include "codec/acpi_tables.h"
#include "tests/lib/acpi-read.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static uint8_t buf[ACPI_TABLES_MAX];

static struct firmware one(void)
{
	return (struct firmware){
		.dev[0] = { .devid = 0, .gpa = 0xffc0000000, .size = 64 * MIB,
			    .volume = { { 0x3f, 0x0e, 0x7a, 0x52 } } },
		.nr = 1,
		.persistence = TOPO_PERSISTENCE_MEM_CTRL,
	};
}

static struct firmware many(size_t nr)
{
	struct firmware fw = { .nr = nr };
	size_t i;

	for (i = 0; i < NV_MIN(nr, (size_t)FIRMWARE_DEVICES); i++)
		fw.dev[i] = (struct firmware_device){
			.devid = (uint32_t)(ACPI_DEVID_MAX - i),
			.gpa = (i + 4) * GIB, .size = GIB,
			.volume = { { (uint8_t)i } } };
	return fw;
}

static size_t made(const struct firmware *fw)
{
	struct acpi_seen seen;
	size_t len = 0;

	assert_int_equal(acpi_tables(fw, NULL, buf, &len), 0);
	acpi_read(buf, len, &seen);
	acpi_read_is(&seen, fw);
	return len;
}

static void test_one_device_is_what_the_list_says(void **state)
{
	struct firmware fw = one();

	assert_int_equal(made(&fw), 40 + 56 + 48 + 80 + 16 + 78);
}

static void test_the_serial_number_reads_as_the_uuid_begins(void **state)
{
	static const uint8_t serial[] = { 0x3f, 0x0e, 0x7a, 0x52 };
	struct firmware fw = one();

	made(&fw);
	assert_memory_equal(buf + 40 + 56 + 48 + 24, serial, sizeof(serial));
}

static void test_each_persistence_is_told_as_it_is(void **state)
{
	struct firmware fw = one();

	for (fw.persistence = TOPO_PERSISTENCE_UNKNOWN;
	     fw.persistence <= TOPO_PERSISTENCE_CPU_CACHE; fw.persistence++)
		made(&fw);
}

static void test_every_count_of_devices_fits(void **state)
{
	struct firmware fw;
	size_t nr;

	for (nr = 1; nr <= FIRMWARE_DEVICES; nr++) {
		fw = many(nr);
		made(&fw);
	}
}

static void test_the_highest_addresses_fit(void **state)
{
	struct firmware fw = one();

	fw.dev[0].gpa = -GIB;
	fw.dev[0].size = GIB;
	made(&fw);
	fw.dev[0].gpa = ACPI_PMEM_ALIGN;
	fw.dev[0].size = -ACPI_PMEM_ALIGN;
	made(&fw);
}

static void refused(const struct firmware *fw, int code, const char *words)
{
	struct nv_why why = { "" };
	size_t len = 12345;

	memset(buf, 0xa5, sizeof(buf));
	assert_int_equal(acpi_tables(fw, &why, buf, &len), code);
	assert_non_null(strstr(why.text, words));
	assert_int_equal(len, 12345);
	assert_int_equal(buf[0], 0xa5);
}

static void test_what_no_table_can_say_is_refused(void **state)
{
	static const struct {
		struct firmware_device d;
		int code;
		const char *words;
	} row[] = {
		{ { 256, GIB, GIB, { { 0 } } }, NV_E_BAD_REQUEST, "255" },
		{ { 0, GIB, 0, { { 0 } } }, NV_E_BAD_SIZE, "2 MiB" },
		{ { 0, GIB, 4096, { { 0 } } }, NV_E_BAD_SIZE, "4 KiB" },
		{ { 0, GIB, 3 * MIB, { { 0 } } }, NV_E_BAD_SIZE, "3 MiB" },
		{ { 0, 0, GIB, { { 0 } } }, NV_E_BAD_ALIGNMENT, "0x0" },
		{ { 0, GIB + 4096, GIB, { { 0 } } }, NV_E_BAD_ALIGNMENT, "0x40001000" },
		{ { 0, -GIB, GIB + 2 * MIB, { { 0 } } }, NV_E_GPA_LIMIT, "64 bits" },
	};
	struct firmware fw;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(row); i++) {
		fw = one();
		fw.dev[0] = row[i].d;
		refused(&fw, row[i].code, row[i].words);
	}
}

static void test_a_list_that_contradicts_itself_is_refused(void **state)
{
	struct firmware fw = many(2);

	fw.dev[1].devid = fw.dev[0].devid;
	refused(&fw, NV_E_BAD_REQUEST, "two devices");
	fw = many(2);
	fw.dev[0].size = GIB + 2 * MIB;
	refused(&fw, NV_E_GFN_OCCUPIED, "overlap");
	fw = many(2);
	fw.dev[1].gpa = fw.dev[0].gpa - 2 * MIB;
	refused(&fw, NV_E_GFN_OCCUPIED, "overlap");
	fw = many(0);
	refused(&fw, NV_E_BAD_REQUEST, "without devices");
	fw = many(FIRMWARE_DEVICES + 1);
	refused(&fw, NV_E_LIMIT, "64");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_device_is_what_the_list_says),
		cmocka_unit_test(test_the_serial_number_reads_as_the_uuid_begins),
		cmocka_unit_test(test_each_persistence_is_told_as_it_is),
		cmocka_unit_test(test_every_count_of_devices_fits),
		cmocka_unit_test(test_the_highest_addresses_fit),
		cmocka_unit_test(test_what_no_table_can_say_is_refused),
		cmocka_unit_test(test_a_list_that_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
