// The options that give the machine virtio devices. Each is one transport, in the order: --drive, --net,
// --virtio-console, --rng, --sound, --keyboard and --pointer, and within a kind as on the command line.
#pragma once

#include <vector>

#include <boost/program_options.hpp>

#include "cli/options/command.hpp"

namespace backspin::cli {

boost::program_options::options_description device_options();

/// Appends the devices to the machine. Throws UsageError.
void read_devices(const boost::program_options::variables_map& values, MachineChoice& machine);

/// --virtio-console, in the order of the command line. Throws UsageError.
std::vector<ConsoleChoice> virtio_consoles_of(const boost::program_options::variables_map& values);

}  // namespace backspin::cli
