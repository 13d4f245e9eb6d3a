#pragma once

#include <stdexcept>

namespace backspin::cli {

/// Something that the command line names cannot be used: a file, a port, an image. One line saying what,
/// where and how to mend it. Exit code 125.
class StartError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace backspin::cli
