// The forms in which distributions ship a kernel besides ELF: Linux's flat `Image`, gzipped or not, and the
// EFI program that unpacks itself (zboot). The file is not trusted. Source: Linux Documentation/arch/riscv/
// boot-image-header.rst; drivers/firmware/efi/libstub/zboot-header.S; RFC 1952.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace backspin::emu {

/// What the header of a RISC-V Linux `Image` says.
struct LinuxHeader {
    std::uint64_t text_offset =
        0;  ///< from the start of RAM, where it wants to be; 0: it runs in machine mode
    std::uint64_t image_size = 0;  ///< bytes from its start that it uses before it knows of the memory map

    bool operator==(const LinuxHeader&) const = default;
};

/// Nothing if the file is no such image.
std::optional<LinuxHeader> linux_header(std::span<const std::byte> file);

/// The kernel inside a compressed file; nothing if the file is not compressed. Throws LoadError (loader.hpp)
/// if it is damaged, compressed in another way than gzip, or longer than `most` bytes when unpacked.
std::optional<std::vector<std::byte>> unpack_kernel(std::span<const std::byte> file, std::uint64_t most);

}  // namespace backspin::emu
