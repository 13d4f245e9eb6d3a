#include "base/slab_supply.hpp"

#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace backspin {
namespace {

TEST(SlabSupply, EachSlabIsOfItsOwnAlignedAndWritable) {
    std::vector<Slab> slabs;
    std::set<std::byte*> places;
    {
        SlabSupply supply;
        for (int n = 0; n < 40; ++n) {
            slabs.push_back(supply.take());
            std::memset(slabs.back().get(), n, kSlabBytes);
            places.insert(slabs.back().get());
        }
    }
    EXPECT_EQ(places.size(), slabs.size());
    for (std::size_t n = 0; n < slabs.size(); ++n) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slabs[n].get()) % kSlabBytes, 0);
        EXPECT_EQ(slabs[n].get()[kSlabBytes - 1], static_cast<std::byte>(n)) << "whoever took it keeps it";
    }
}

TEST(SlabSupply, EndsWhileItsThreadIsAtWork) {
    for (int n = 0; n < 10; ++n) {
        SlabSupply supply;
        for (int taken = 0; taken < 17; ++taken) supply.take();
    }
}

}  // namespace
}  // namespace backspin
