/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/acpi_tables.h - the ACPI tables by which an HVM guest finds its pmem.
 *
 * An NFIT (ACPI 6.4, 5.2.25) says where the memory is, an SSDT has the device
 * ACPI0012 with a child per volume, without which Linux binds nothing. They
 * stand one after the other, as xl's acpi_firmware= wants them.
 *
 * Units: bytes. Pure and total: any list is either refused or written whole.
 */
#ifndef NV_CODEC_ACPI_TABLES_H
#define NV_CODEC_ACPI_TABLES_H

#include "base/refuse.h"
#include "core/firmware.h"

/* Names in the SSDT are NV00 to NVFF: the device's number in them is one byte. */
#define ACPI_DEVID_MAX 255

/*
 * Linux gives memory pages in pieces of 2 MiB (SUBSECTION_SIZE in
 * include/linux/mmzone.h) and does not attach /dev/pmem to less.
 */
#define ACPI_PMEM_ALIGN (UINT64_C(2) << 20)

/* More than the tables of FIRMWARE_DEVICES devices. */
#define ACPI_TABLES_MAX 16384

/** acpi_handle() - the NFIT device handle, and _ADR, of the device @devid */
static inline uint32_t acpi_handle(uint32_t devid)
{
	return devid + 1;
}

/**
 * acpi_tables() - the NFIT and the SSDT for these devices
 * @buf: of ACPI_TABLES_MAX bytes
 * NV_E_BAD_REQUEST (no device, devid twice or above ACPI_DEVID_MAX), NV_E_LIMIT
 * (more than FIRMWARE_DEVICES), NV_E_BAD_SIZE (zero, not a multiple of
 * ACPI_PMEM_ALIGN), NV_E_BAD_ALIGNMENT (the address is not), NV_E_GPA_LIMIT
 * (beyond 64 bits), NV_E_GFN_OCCUPIED (two devices overlap).
 * Return: 0 and the length of both in *@ret_len, or the refusal.
 */
int acpi_tables(const struct firmware *fw, struct nv_why *why, uint8_t *buf,
		size_t *ret_len) nv_must_check;

#endif
