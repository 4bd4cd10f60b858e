#include "model/hdf5_file.hpp"

#include <gtest/gtest.h>

#include "tests/scratch.hpp"

using namespace apical::model;

class Hdf5File : public apical::test::Scratch {};

TEST_F(Hdf5File, LeavesNothingUnlessCommitted) {
  {
    Hdf5Writer file(folder / "w.h5");
    file.write("/x", RowMatrix::Ones(2, 2));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  {
    Hdf5Writer file(folder / "w.h5");
    for (int i = 0; i < 600; ++i) file.append("/deep/er/x", {1.0 * i, 2.0});
    file.commit();
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  const RowMatrix back = read_matrix(folder / "w.h5", "/deep/er/x");
  ASSERT_EQ(back.rows(), 600);
  EXPECT_EQ(back(599, 0), 599.0);
}
