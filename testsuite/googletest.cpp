// Nothing: CMake compiles headers once for others only where some source is compiled with them
// (CMakeLists.txt).
