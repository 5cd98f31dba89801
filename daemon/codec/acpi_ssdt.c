/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/acpi_ssdt.c - the NVDIMM root device and its children, in AML (ACPI 6.4, 20.2).
 *
 *	Scope (\_SB) {
 *		Device (NVDR) {
 *			Name (_HID, "ACPI0012")
 *			Device (NV00) { Name (_ADR, One) }
 *			...
 *
 * _ADR is the handle in the NFIT (ACPI 6.4, 9.20.2). There is no _DSM and no
 * label method: a volume has neither commands nor labels.
 */
#include <assert.h>
#include <string.h>

#include "codec/acpi_int.h"

static const uint8_t scope_op = 0x10;
static const uint8_t device_op[2] = { 0x5b, 0x82 };
static const uint8_t name_op = 0x08;
static const uint8_t string_prefix = 0x0d;

static const char scope_name[] = "\\_SB_";
static const char root_name[] = "NVDR";
static const char root_hid[] = "ACPI0012"; /* with its final NUL, as AML wants it */

#define NAME_SEG 4

/* How many bytes say that a package has @body more: the length counts itself. */
static size_t length_bytes(size_t body)
{
	return body + 1 <= 0x3f ? 1 : 2;
}

static void put_length(struct acpi_writer *w, size_t body)
{
	size_t more = length_bytes(body) - 1, len = body + 1 + more;

	/* Two bytes say up to this; FIRMWARE_DEVICES children are a third of it. */
	assert(len <= 0xfff);
	if (!more) {
		acpi_put_int(w, len, 1);
		return;
	}
	acpi_put_int(w, more << 6 | (len & 0xf), 1);
	acpi_put_int(w, len >> 4, more);
}

/* The bytes of the shortest form of an integer, without its prefix. */
static size_t int_bytes(uint32_t value)
{
	return value <= 1 ? 0 : value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
}

static void put_aml_int(struct acpi_writer *w, uint32_t value)
{
	/* Byte, word and double word prefix; Zero and One are themselves. */
	static const uint8_t prefix[] = { [1] = 0x0a, [2] = 0x0b, [4] = 0x0c };
	size_t n = int_bytes(value);

	if (n)
		acpi_put_int(w, prefix[n], 1);
	acpi_put_int(w, value, n ? n : 1);
}

static size_t child_body(const struct firmware_device *d)
{
	return NAME_SEG + 1 + NAME_SEG + 1 + int_bytes(acpi_handle(d->devid));
}

static void put_child(struct acpi_writer *w, const struct firmware_device *d)
{
	static const char hex[] = "0123456789ABCDEF";
	const char name[NAME_SEG] = { 'N', 'V', hex[d->devid >> 4 & 0xf],
				      hex[d->devid & 0xf] };

	acpi_put(w, device_op, sizeof(device_op));
	put_length(w, child_body(d));
	acpi_put(w, name, NAME_SEG);
	acpi_put_int(w, name_op, 1);
	acpi_put(w, "_ADR", NAME_SEG);
	put_aml_int(w, acpi_handle(d->devid));
}

static size_t root_body(const struct firmware *fw)
{
	size_t body = NAME_SEG + 1 + NAME_SEG + 1 + sizeof(root_hid), child, i;

	for (i = 0; i < fw->nr; i++) {
		child = child_body(&fw->dev[i]);
		body += sizeof(device_op) + length_bytes(child) + child;
	}
	return body;
}

void acpi_ssdt(struct acpi_writer *w, const struct firmware *fw)
{
	size_t root = root_body(fw), start, i;

	/* Revision 2: integers have 64 bits. */
	start = acpi_table_begin(w, "SSDT", 2);
	acpi_put_int(w, scope_op, 1);
	put_length(w, strlen(scope_name) + sizeof(device_op) +
			      length_bytes(root) + root);
	acpi_put(w, scope_name, strlen(scope_name));
	acpi_put(w, device_op, sizeof(device_op));
	put_length(w, root);
	acpi_put(w, root_name, NAME_SEG);
	acpi_put_int(w, name_op, 1);
	acpi_put(w, "_HID", NAME_SEG);
	acpi_put_int(w, string_prefix, 1);
	acpi_put(w, root_hid, sizeof(root_hid));
	for (i = 0; i < fw->nr; i++)
		put_child(w, &fw->dev[i]);
	acpi_table_end(w, start);
}
