#include "gdbstub/description.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "gdbstub/xml.hpp"

namespace backspin::gdbstub {

namespace {

std::string register_element(const RegisterDescription& description, std::size_t number) {
    std::string element =
        fmt::format(R"(    <reg name="{}" bitsize="{}")", xml_escaped(description.name), description.bits);
    if (!description.type.empty()) element += fmt::format(R"( type="{}")", xml_escaped(description.type));
    element += fmt::format(R"( regnum="{}")", number);
    if (!description.group.empty()) element += fmt::format(R"( group="{}")", xml_escaped(description.group));
    return element + "/>\n";
}

std::vector<std::string_view> features_in_order(const std::vector<RegisterDescription>& registers) {
    std::vector<std::string_view> features;
    for (const RegisterDescription& description : registers) {
        if (std::find(features.begin(), features.end(), description.feature) == features.end()) {
            features.push_back(description.feature);
        }
    }
    return features;
}

}  // namespace

// The order of elements is the DTD's: architecture, osabi, feature. GDB manual, "Target Description Format".
std::string target_xml(const TargetDescription& target) {
    std::string xml =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n";
    if (!target.architecture.empty()) {
        xml += fmt::format("  <architecture>{}</architecture>\n", xml_escaped(target.architecture));
    }
    if (!target.operating_system_abi.empty()) {
        xml += fmt::format("  <osabi>{}</osabi>\n", xml_escaped(target.operating_system_abi));
    }
    for (const std::string_view feature : features_in_order(target.registers)) {
        xml += fmt::format("  <feature name=\"{}\">\n", xml_escaped(feature));
        for (std::size_t number = 0; number < target.registers.size(); ++number) {
            const RegisterDescription& description = target.registers[number];
            if (description.feature == feature) xml += register_element(description, number);
        }
        xml += "  </feature>\n";
    }
    return xml + "</target>\n";
}

}  // namespace backspin::gdbstub
