// Text inside XML documents.
#pragma once

#include <string>
#include <string_view>

namespace backspin::gdbstub {

/// For element text and for attribute values in double quotes.
std::string xml_escaped(std::string_view text);

}  // namespace backspin::gdbstub
