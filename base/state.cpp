#include "base/state.hpp"

#include <cstdio>

namespace backspin {

std::string StateLister::hexadecimal(std::uint64_t bits) {
    std::array<char, 20> text;
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(bits));
    return text.data();
}

}  // namespace backspin
