// SHA-256 (FIPS 180-4): names an image by its content.
//
// Written here, in under a hundred lines, rather than linked: images are hashed once per run, so speed does
// not matter, and a cryptographic library would be the largest dependency of the program for this one
// function.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace backspin::snapshots {

using Sha256Digest = std::array<std::byte, 32>;

Sha256Digest sha256(std::span<const std::byte> message);

/// 64 lower-case hexadecimal digits.
std::string to_hexadecimal(const Sha256Digest& digest);

}  // namespace backspin::snapshots
