// The bytes of one component's state, for tests of its serialize function.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/state.hpp"

namespace backspin::test {

template <class Component>
std::vector<std::byte> saved(Component component) {
    std::vector<std::byte> bytes;
    bytes.reserve(4096);  // also so that g++ 12 sees that what is appended fits
    StateWriter writer(bytes);
    component.serialize(writer, kStateVersion);
    return bytes;
}

/// Throws BadState, also if the component left bytes over.
template <class Component>
void load_into(Component& component, std::span<const std::byte> bytes) {
    StateReader reader(bytes);
    component.serialize(reader, kStateVersion);
    if (!reader.at_end()) throw BadState("bytes left over");
}

}  // namespace backspin::test
