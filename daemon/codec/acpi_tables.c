/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/acpi_tables.c - what a list of devices must be, and the tables' headers.
 */
#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "codec/acpi_int.h"

/* Places in a table's header. */
#define AT_LENGTH 4
#define AT_CHECKSUM 9

void acpi_put(struct acpi_writer *w, const void *bytes, size_t n)
{
	assert(n <= ACPI_TABLES_MAX - w->len);
	memcpy(w->buf + w->len, bytes, n);
	w->len += n;
}

void acpi_put_int(struct acpi_writer *w, uint64_t value, size_t n)
{
	assert(n <= ACPI_TABLES_MAX - w->len);
	for (; n; n--, value >>= 8)
		w->buf[w->len++] = (uint8_t)value;
}

size_t acpi_table_begin(struct acpi_writer *w, const char *signature,
			uint8_t revision)
{
	size_t start = w->len;

	acpi_put(w, signature, 4);
	acpi_put_int(w, 0, 4); /* length */
	acpi_put_int(w, revision, 1);
	acpi_put_int(w, 0, 1); /* checksum */
	/* The OEM is the one that hvmloader's own tables name. */
	acpi_put(w, "Xen\0\0\0", 6);
	acpi_put(w, "NVDIMM\0\0", 8);
	acpi_put_int(w, 1, 4); /* the OEM's revision */
	acpi_put(w, "NVDM", 4); /* who made the table, and that one's revision */
	acpi_put_int(w, 1, 4);
	return start;
}

void acpi_table_end(struct acpi_writer *w, size_t start)
{
	size_t len = w->len - start, i;
	uint8_t *table = w->buf + start, sum = 0;

	for (i = 0; i < 4; i++)
		table[AT_LENGTH + i] = (uint8_t)(len >> (8 * i));
	for (i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	table[AT_CHECKSUM] = (uint8_t)-sum;
}

static int check_one(const struct firmware_device *d, struct nv_why *why)
{
	char size[NV_SIZE_TEXT];

	if (d->devid > ACPI_DEVID_MAX)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "device %u cannot be named in ACPI tables, the highest number is %u",
				 d->devid, ACPI_DEVID_MAX);
	if (!d->size || !nv_is_aligned(d->size, ACPI_PMEM_ALIGN))
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "device %u has %s: an HVM guest can only use multiples of 2 MiB",
				 d->devid, nv_size_print_exact(d->size, size));
	if (!d->gpa || !nv_is_aligned(d->gpa, ACPI_PMEM_ALIGN))
		return nv_refuse(why, NV_E_BAD_ALIGNMENT,
				 "device %u is at guest address 0x%llx, which is not a multiple of 2 MiB above 0",
				 d->devid, (unsigned long long)d->gpa);
	if (d->size > -d->gpa)
		return nv_refuse(why, NV_E_GPA_LIMIT,
				 "device %u at guest address 0x%llx ends beyond 64 bits",
				 d->devid, (unsigned long long)d->gpa);
	return 0;
}

static int check_two(const struct firmware_device *a, const struct firmware_device *b,
		     struct nv_why *why)
{
	if (a->devid == b->devid)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "the number %u is given to two devices",
				 a->devid);
	/* Neither end overflows to anything but 0: lasts, not ends. */
	if (a->gpa <= b->gpa + (b->size - 1) && b->gpa <= a->gpa + (a->size - 1))
		return nv_refuse(why, NV_E_GFN_OCCUPIED,
				 "device %u at guest address 0x%llx and device %u at 0x%llx overlap",
				 a->devid, (unsigned long long)a->gpa,
				 b->devid, (unsigned long long)b->gpa);
	return 0;
}

static int check_list(const struct firmware *fw, struct nv_why *why)
{
	size_t i, j;
	int r;

	if (!fw->nr)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "a guest without devices needs no ACPI tables");
	if (fw->nr > FIRMWARE_DEVICES)
		return nv_refuse(why, NV_E_LIMIT,
				 "%zu devices are more than the %u that one guest's ACPI tables can have",
				 fw->nr, FIRMWARE_DEVICES);
	for (i = 0; i < fw->nr; i++) {
		r = check_one(&fw->dev[i], why);
		for (j = 0; !r && j < i; j++)
			r = check_two(&fw->dev[j], &fw->dev[i], why);
		if (r)
			return r;
	}
	return 0;
}

int acpi_tables(const struct firmware *fw, struct nv_why *why, uint8_t *buf,
		size_t *ret_len)
{
	struct acpi_writer w = { .buf = buf };
	int r;

	r = check_list(fw, why);
	if (r)
		return r;
	acpi_nfit(&w, fw);
	acpi_ssdt(&w, fw);
	*ret_len = w.len;
	return 0;
}
