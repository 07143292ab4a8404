namespace Layer
{
    public static class OfALayer
    {
        public static string Name()
        {
            return "a library of a layer";
        }
    }
}
